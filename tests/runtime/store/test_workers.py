"""Workers: a row each; who has none is dead, and who is silent too long by a clock that cannot jump."""

from dataclasses import replace

import pytest

from runtime.store import workers
from runtime.store.workers import Beat
from tests.runtime.obedient import Obey


def beat(worker: str = "w1", moment: float = 100.0, boot: str = "b") -> Beat:
    return Beat(
        id=worker, host="h", pid=7, boot=boot, beat=moment, stale_after=30, runners=4, types=("a", "b")
    )


def test_a_registered_worker_is_seen_as_it_described_itself(store):
    store(workers.register, beat())

    (seen,) = store(workers.listed, "b", 110.0)

    assert (seen.id, seen.host, seen.pid, seen.runners, seen.types) == ("w1", "h", 7, 4, ("a", "b"))
    assert (seen.running, seen.alive, seen.stopping) == (0, True, False)
    assert seen.started_at == seen.seen_at == store.now


def test_a_beat_says_what_runs_and_whether_it_stops(store):
    store(workers.register, beat())
    store.sleep(5)

    assert store(workers.beat, "w1", 105.0, 3, stopping=True)

    (seen,) = store(workers.listed, "b", 110.0)
    assert (seen.running, seen.stopping, seen.seen_at) == (3, True, store.now)
    assert store(workers.last_beat, "w1") == 105.0


def test_a_beat_without_a_row_tells_the_worker_that_it_was_taken_for_dead(store):
    assert not store(workers.beat, "w1", 100.0, 0, stopping=False)
    assert store(workers.stored) == []


def test_registering_again_refreshes_the_beat_and_keeps_the_start(store):
    store(workers.register, beat())
    began = store.now
    store.sleep(60)

    store(workers.register, replace(beat(), beat=160.0))

    (seen,) = store(workers.listed, "b", 160.0)
    assert (seen.started_at, seen.seen_at) == (began, store.now)
    assert store(workers.last_beat, "w1") == 160.0


@pytest.mark.parametrize(
    ("boot", "moment", "alive"),
    [
        ("b", 100.0, True),
        ("b", 130.0, True),
        ("b", 130.1, False),
        ("b", 50.0, True),
        ("another", 100.0, False),
    ],
)
def test_it_lives_on_this_boot_until_it_is_silent_for_longer_than_it_said(store, boot, moment, alive):
    store(workers.register, beat())

    (seen,) = store(workers.listed, boot, moment)

    assert seen.alive is alive


def test_one_that_has_gone_has_no_row(store):
    store(workers.register, beat("w1"))
    store(workers.register, beat("w2"))

    store(workers.remove, "w1")

    assert [worker.id for worker in store(workers.stored)] == ["w2"]
    assert not store(workers.may_claim, "w1")
    assert store(workers.may_claim, "w2")


def test_who_holds_running_jobs_without_a_row_is_an_orphans_owner(store):
    for worker in ("w1", "w2", "w3"):
        store.enqueue(Obey()), store.enqueue(Obey())
        store.claim(2, worker=worker)
    store(workers.register, beat("w2"))
    for job in store.rows("SELECT id FROM jobs WHERE locked_by = 'w3'"):
        store.execute("UPDATE jobs SET status = 'completed' WHERE id = ?", *job)

    assert store(workers.orphan_owners) == ["w1"]
