"""Claims: cost by what is taken, never by what waits; fencing; release."""

import apsw
import pytest

from runtime.app import RUNTIME_SCHEMA
from runtime.db.queries import merge_queries
from runtime.model.lifecycle import settle
from runtime.model.outcomes import Completed
from runtime.model.records import Status
from runtime.model.retry import Retry
from runtime.store import claims, endings, jobs
from runtime.store.endings import Ending
from runtime.store.selection import ClaimRequest
from tests.runtime.obedient import Obey, Other


def request(**changes):
    values = {
        "worker": "w1", "types": frozenset({"obey", "other", "limited"}), "free": 10, "most": 10,
        "min_priority": 0, "max_priority": 100, "aging": 600.0,
    }  # fmt: skip
    return ClaimRequest(**{**values, **changes})


def plan(path, name, **parameters):
    text = merge_queries([RUNTIME_SCHEMA], "sqlite")[name]
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, parameters)]
    finally:
        connection.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_the_claim_walks_the_partial_index_and_sorts_nothing(autojump_clock, deployment, path):
    arm = {"type": "obey", "priority": 5, "most": 10}
    in_arm = plan(path, "ready_in_arm", **arm)
    ready = plan(path, "ready_jobs", **arm)
    claimed = plan(path, "claim_jobs", ids="[]", worker="w", now=0.0)
    arms = plan(path, "outlook")

    assert in_arm == ["SEARCH jobs USING COVERING INDEX jobs_ready (type=? AND priority=?)"]
    assert "SEARCH jobs USING INDEX jobs_ready (type=? AND priority=?)" in ready
    assert claimed[0] == "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"
    assert not any(step.startswith("USE TEMP B-TREE FOR ORDER BY") for step in [*ready, *arms])
    assert any("jobs_ready" in step for step in arms)
    assert not any(step.startswith("SCAN jobs") and "INDEX" not in step for step in arms)


async def test_a_claimed_job_is_nobody_elses(autojump_clock, deployment):
    await deployment.queue.enqueue_many([Obey(name=str(n)) for n in range(5)])

    first = await deployment.db.write(claims.claim, request(most=3))
    second = await deployment.db.write(claims.claim, request(worker="w2"))

    assert len(first.jobs) == 3
    assert len(second.jobs) == 2
    assert not {job.id for job in first.jobs} & {job.id for job in second.jobs}


async def test_types_that_a_worker_does_not_know_are_left_alone(autojump_clock, deployment):
    await deployment.queue.enqueue(Obey())

    claim = await deployment.db.write(claims.claim, request(types=frozenset({"other"})))

    assert claim.jobs == []


async def test_a_limited_type_is_taken_up_to_its_tokens_over_all_its_priorities(autojump_clock, deployment):
    await deployment.queue.set_limit("obey", "2/s", 3)
    for priority in (0, 5, 10):
        await deployment.queue.enqueue_many([Obey() for _ in range(4)], priority=priority)

    claim = await deployment.db.write(claims.claim, request())
    again = await deployment.db.write(claims.claim, request())

    assert len(claim.jobs) == 3
    assert again.jobs == []
    assert again.ready_at == pytest.approx(deployment.clock.now() + 0.5)


async def test_a_limited_type_is_taken_ahead_of_the_runners_only_while_its_bucket_is_over_half_full(
    autojump_clock, deployment
):
    await deployment.queue.set_limit("obey", "1/h", 20)
    await deployment.queue.enqueue_many([Obey() for _ in range(30)])

    async def take(**changes):
        claim = await deployment.db.write(claims.claim, request(**changes))
        return len(claim.jobs), claim.left

    assert await take(free=4, most=7) == (7, True)
    assert await take(free=1, most=7) == (3, True), "down to half"
    assert await take(free=0, most=7) == (0, True), "there are tokens, but no runner"
    assert await take(free=4, most=7) == (4, True)
    assert await take(free=7, most=7) == (6, False), "all that there were"


async def test_a_released_job_is_as_if_it_had_never_been_claimed(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey())
    claim = await deployment.db.write(claims.claim, request())

    await deployment.db.write(claims.release, "w1", claim.jobs)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.PENDING
    assert detail.record.attempts == 0
    assert detail.history == ()


def completion(job, now):
    return Ending(job, settle(job, Completed(), now, Retry(), 0.5))


async def test_the_ending_of_a_worker_that_lost_its_job_is_refused(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey())
    now = deployment.clock.now()
    (old,) = (await deployment.db.write(claims.claim, request())).jobs
    await deployment.db.write(endings.rescue, "w1", "taken for dead", None)
    (new,) = (await deployment.db.write(claims.claim, request())).jobs

    assert not await deployment.db.write(endings.finish, "w1", completion(old, now))
    assert (await deployment.queue.job(record.id)).record.status is Status.PROCESSING
    assert await deployment.db.write(endings.finish, "w1", completion(new, now))
    assert not await deployment.db.write(endings.finish, "w1", completion(new, now))
    assert (await deployment.queue.stats()).completed == 1


async def test_a_cancel_wanted_while_the_attempt_failed_wins_over_the_retry(autojump_clock, deployment):
    from runtime.model.outcomes import Failed

    record = await deployment.queue.enqueue(Obey())
    (job,) = (await deployment.db.write(claims.claim, request())).jobs
    await deployment.queue.cancel(record.id)

    failed = Ending(job, settle(job, Failed("too late"), deployment.clock.now(), Retry(), 0.5))
    await deployment.db.write(endings.finish, "w1", failed)

    assert (await deployment.queue.job(record.id)).record.status is Status.CANCELLED
    stats = await deployment.queue.stats()
    assert (stats.cancelled, stats.processing, stats.scheduled) == (1, 0, 0)


async def test_higher_priorities_are_claimed_first_and_others_left_to_dedicated_workers(
    autojump_clock, deployment
):
    await deployment.queue.enqueue(Other(), priority=0)
    high = await deployment.queue.enqueue(Obey(), priority=20)

    claim = await deployment.db.write(claims.claim, request(min_priority=10))

    assert [job.id for job in claim.jobs] == [high.id]


async def test_ids_are_never_used_twice_even_after_the_newest_job_is_gone(autojump_clock, deployment):
    first = await deployment.queue.enqueue(Obey())
    await deployment.db.write(lambda tx: tx.run("delete_job", id=first.id))

    assert (await deployment.queue.enqueue(Obey())).id > first.id
    assert (await deployment.db.read(jobs.find, first.id + 1)).id == first.id + 1


async def test_of_jobs_under_suspicion_a_worker_takes_one_and_leaves_the_rest(autojump_clock, deployment):
    ids = await deployment.queue.enqueue_many([Obey(name=str(n)) for n in range(4)])
    for _ in range(2):
        await deployment.db.write(claims.claim, request(most=3))
        await deployment.db.write(endings.rescue, "w1", "it died", None)

    taken = await deployment.db.write(claims.claim, request(most=10))

    assert [job.id for job in taken.jobs] == [ids[0], ids[3]]
    left = await deployment.db.write(claims.claim, request(worker="w2", most=10))
    assert [job.id for job in left.jobs] == [ids[1]]
    counts = {item.status: item.count for item in (await deployment.queue.stats()).by_type if item.count}
    assert counts == {Status.PENDING: 1, Status.PROCESSING: 3}
