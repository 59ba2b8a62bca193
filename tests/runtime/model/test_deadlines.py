"""Deadlines: the decision when somebody looks at a job."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.deadlines import RECHECK, Due, Verdict, judge, next_look
from runtime.model.records import Status

MOMENTS = st.none() | st.floats(0, 200)
DUE = st.builds(
    Due,
    job_id=st.just(1),
    type=st.just("obey"),
    status=st.sampled_from(Status),
    started=st.booleans(),
    start_by=MOMENTS,
    end_by=MOMENTS,
)


@given(DUE, st.floats(0, 200))
def test_only_a_waiting_job_whose_time_is_up_is_cancelled_and_who_is_not_is_looked_at_later_or_never(
    due, now
):
    verdict = judge(due, now)

    waits = not due.status.finished and due.status is not Status.PROCESSING
    late_start = due.start_by is not None and due.start_by <= now and not due.started
    late_end = due.end_by is not None and due.end_by <= now
    assert (verdict.reason is not None) == (waits and (late_start or late_end))
    assert verdict.next_at is None or verdict.next_at > now
    if verdict == Verdict():
        assert due.status.finished or due.end_by is None


def test_a_running_job_past_its_deadline_is_looked_at_again_soon():
    running = Due(1, "obey", Status.PROCESSING, started=True, start_by=None, end_by=10.0)

    assert judge(running, 10.0) == Verdict(next_at=10.0 + RECHECK)


def test_the_reason_says_which_moment_was_missed():
    late = Due(1, "obey", Status.PENDING, started=False, start_by=0.0, end_by=100.0)

    assert judge(late, 10.0).reason == "expired: not started by 1970-01-01T00:00:00.000Z"
    assert judge(late, 100.0).reason == "expired: not done by 1970-01-01T00:01:40.000Z"


def test_the_first_look_is_at_the_earlier_moment():
    assert [next_look(*pair) for pair in [(None, None), (1.0, None), (None, 2.0), (3.0, 2.0)]] == [
        None,
        1,
        2,
        2,
    ]
