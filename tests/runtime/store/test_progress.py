"""Progress, logs and results: those of the job's newest claim, bounded, and gone with the job."""

from runtime.model.notes import LINES_KEPT, Line, Notes, Progress
from runtime.model.outcomes import Interrupted
from runtime.store import endings, progress, results, retention
from tests.runtime.obedient import Obey


def claimed(store):
    store.enqueue(Obey())
    return store.claim(1).jobs[0]


def said(job, number, fraction=None, *lines):
    notes = Notes(job, None if fraction is None else Progress(number, fraction, f"at {number}", 7.0))
    notes.lines.extend(Line(number + place, "info", line, 7.0) for place, line in enumerate(lines))
    return notes


def test_the_newest_word_of_the_newest_claim_stands(store):
    old = claimed(store)
    store(progress.write, [said(old, 5, 0.5, "first run")])
    store(progress.write, [said(old, 4, 0.4)])
    assert store(progress.progress_of, old.id) == (0.5, "at 5", 7.0)

    store.end(old, Interrupted("x"))
    (new,) = store.claim(1).jobs
    assert store(progress.progress_of, old.id) is None  # the new run has not said anything
    store(progress.write, [said(new, 1, 0.1, "second run")])
    store(progress.write, [said(old, 9, 0.9, "too late")])

    assert store(progress.progress_of, old.id) == (0.1, "at 1", 7.0)
    assert [(line.claim, line.text) for line in store(progress.log_of, old.id)] == [
        (1, "first run"),
        (2, "second run"),
    ]


def test_of_a_log_the_newest_lines_stay(store):
    job, other = claimed(store), claimed(store)
    for start in range(0, 3 * LINES_KEPT, LINES_KEPT // 2):
        lines = [str(start + place) for place in range(LINES_KEPT // 2)]
        store(progress.write, [said(other, start, None, "mine"), said(job, start, None, *lines)])

    log = store(progress.log_of, job.id)

    assert [line.text for line in log] == [str(number) for number in range(2 * LINES_KEPT, 3 * LINES_KEPT)]
    assert len(store(progress.log_of, other.id)) == 6


def test_what_was_said_and_returned_is_stored_with_the_endings_of_who_still_owns_the_job(store):
    mine, lost = claimed(store), claimed(store)
    store.end(lost, Interrupted("x"))
    again = store.claim(1).jobs[0]
    both = [store.ending(mine), store.ending(lost)]

    refused = store(
        endings.finish_many,
        "w1",
        both,
        returned={mine: "[1]", lost: '"stale"'},
        notes=[said(mine, 1, 1.0, "done"), said(lost, 2, 1.0, "stale")],
    )

    assert refused == [lost]
    assert store(results.of, [mine.id, lost.id, 99]) == {mine.id: "[1]"}
    assert store(progress.progress_of, mine.id).fraction == 1.0
    assert store(progress.log_of, again.id) == ()


def test_it_goes_with_the_job(store):
    job = store.enqueue(Obey(), done_within=100)
    (job,) = store.claim(1).jobs
    store(endings.finish_many, "w1", [store.ending(job)], returned={job: "1"}, notes=[said(job, 1, 1.0, "x")])
    store.sleep(10)

    assert store(retention.prune_finished, store.now, 100) == 1

    for table in ("job_results", "job_progress", "job_logs", "job_deadlines"):
        assert store.rows(f"SELECT count(*) FROM {table}") == [(0,)]
