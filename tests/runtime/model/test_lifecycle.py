"""Promises of `runtime/model/lifecycle.py`."""

import math
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import NotAllowed
from runtime.model.lifecycle import (
    MAX_SNOOZE,
    POISON_PILL_CRASHES,
    CancelAction,
    Transition,
    cancel_when,
    check_retry,
    runs_alone,
    settle,
)
from runtime.model.outcomes import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Interrupted,
    Outcome,
    Snoozed,
    TimedOut,
)
from runtime.model.records import ClaimedJob, Status
from runtime.model.retry import Retry

NOW = 1_767_225_600.0

texts = st.text(max_size=20)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Completed),
    st.builds(Failed, texts, st.booleans()),
    st.builds(TimedOut, st.floats(0.1, 1e6), texts),
    st.builds(Cancelled, texts),
    st.builds(Snoozed, st.floats(), texts),
    st.builds(Interrupted, texts),
    st.builds(Crashed, texts, st.booleans()),
)
retries = st.builds(Retry, base=st.floats(0, 100), jitter=st.floats(0, 1))
chances = st.floats(0, 1, exclude_max=True)


def claimed(attempts: int = 0, max_attempts: int = 5, crashes: int = 0) -> ClaimedJob:
    return ClaimedJob(
        id=1,
        type="noop",
        payload="{}",
        attempts=attempts,
        max_attempts=max_attempts,
        crashes=crashes,
        claims=1,
        locked_at=NOW - 1,
    )


jobs = st.builds(claimed, st.integers(0, 20), st.integers(1, 20), st.integers(0, 2))


def after(outcome: Outcome, job: ClaimedJob | None = None, retry: Retry | None = None) -> Transition:
    """The transition with no jitter."""
    return settle(job or claimed(), outcome, NOW, retry or Retry(jitter=0), 0.5)


@given(jobs, outcomes, retries, chances)
def test_every_outcome_leaves_the_job_waiting_or_ended_never_processing(
    job: ClaimedJob, outcome: Outcome, retry: Retry, chance: float
) -> None:
    result = settle(job, outcome, NOW, retry, chance)
    assert result.status in {
        Status.PENDING,
        Status.SCHEDULED,
        Status.COMPLETED,
        Status.FAILED,
        Status.CANCELLED,
    }
    assert (result.completed_at == NOW) is result.status.finished
    assert result.dead is (result.status is Status.FAILED)


@given(jobs, outcomes, retries, chances)
def test_attempts_and_crashes_never_go_down_and_at_most_one_of_them_grows_by_one(
    job: ClaimedJob, outcome: Outcome, retry: Retry, chance: float
) -> None:
    result = settle(job, outcome, NOW, retry, chance)
    counts = isinstance(outcome, Completed | Failed | TimedOut | Cancelled)
    assert result.attempts == job.attempts + counts
    alone = isinstance(outcome, Crashed) and outcome.alone
    assert job.crashes + alone <= result.crashes <= job.crashes + isinstance(outcome, Crashed)


@given(jobs, outcomes, retries, chances)
def test_the_history_shows_the_next_number_and_the_outcomes_name(
    job: ClaimedJob, outcome: Outcome, retry: Retry, chance: float
) -> None:
    result = settle(job, outcome, NOW, retry, chance)
    assert result.attempt == job.attempts + 1
    assert result.outcome == outcome.name


@given(jobs, outcomes, retries, chances)
def test_scheduled_means_due_later_and_pending_means_due_now_or_before(
    job: ClaimedJob, outcome: Outcome, retry: Retry, chance: float
) -> None:
    result = settle(job, outcome, NOW, retry, chance)
    if result.status is Status.SCHEDULED:
        assert result.scheduled_at is not None
        assert result.scheduled_at >= NOW
    if result.status is Status.PENDING:
        assert result.scheduled_at in {None, NOW}
    if result.status.finished:
        assert result.scheduled_at is None


@settings(deadline=None, max_examples=50)
@given(st.lists(outcomes, min_size=30, max_size=30), st.integers(1, 10))
def test_a_job_that_is_not_snoozed_or_interrupted_for_ever_ends(
    history: list[Outcome], max_attempts: int
) -> None:
    job = claimed(max_attempts=max_attempts)
    used_up = 0
    for drawn in history:
        suspect = isinstance(drawn, Crashed) and runs_alone(job)
        outcome = replace(drawn, alone=True) if suspect else drawn
        result = settle(job, outcome, NOW, Retry(), 0.5)
        used_up += not isinstance(outcome, Snoozed | Interrupted)
        if result.status.finished:
            break
        assert used_up < max_attempts + POISON_PILL_CRASHES - 1
        job = claimed(result.attempts, max_attempts, result.crashes)


def test_completed_ends_the_job_and_leaves_its_last_error_as_it_was() -> None:
    result = after(Completed(), claimed(attempts=2))
    assert (result.status, result.attempts, result.last_error) == (Status.COMPLETED, 3, None)
    assert result.error is None


def test_a_failure_is_retried_after_the_delay_of_its_attempt() -> None:
    result = after(Failed("ValueError: no"), claimed(attempts=2))
    assert (result.status, result.attempts) == (Status.SCHEDULED, 3)
    assert result.scheduled_at == NOW + 20
    assert result.last_error == result.error == "ValueError: no"


def test_a_retry_without_delay_is_pending_at_once() -> None:
    result = after(Failed("no"), retry=Retry(base=0))
    assert (result.status, result.scheduled_at) == (Status.PENDING, NOW)


def test_the_last_attempt_that_fails_makes_a_dead_letter() -> None:
    assert after(Failed("no"), claimed(attempts=3)).status is Status.SCHEDULED
    result = after(Failed("no"), claimed(attempts=4))
    assert (result.status, result.dead, result.last_error) == (Status.FAILED, True, "no")


def test_a_job_with_more_attempts_than_allowed_is_not_retried() -> None:
    assert after(Failed("no"), claimed(attempts=9)).dead


def test_a_final_failure_makes_a_dead_letter_at_the_first_attempt() -> None:
    result = after(Failed("Discard: gone", final=True))
    assert (result.status, result.dead, result.attempts) == (Status.FAILED, True, 1)


def test_a_timeout_says_after_how_long_and_is_retried_like_a_failure() -> None:
    result = after(TimedOut(2.5))
    assert (result.status, result.scheduled_at) == (Status.SCHEDULED, NOW + 5)
    assert result.last_error == "timed out after 2.5 s"
    assert after(TimedOut(30, "ValueError: late")).last_error == "timed out after 30 s: ValueError: late"
    assert after(TimedOut(30), claimed(attempts=4)).dead


def test_cancelled_ends_the_job_and_gives_the_reason() -> None:
    result = after(Cancelled("by the operator"))
    assert (result.status, result.attempts, result.dead) == (Status.CANCELLED, 1, False)
    assert result.last_error == "by the operator"


def test_a_snooze_is_due_again_after_its_delay() -> None:
    result = after(Snoozed(60, "not yet"), claimed(attempts=4))
    assert (result.status, result.attempts, result.scheduled_at) == (Status.SCHEDULED, 4, NOW + 60)
    assert (result.last_error, result.error) == (None, "not yet")


@pytest.mark.parametrize(
    ("delay", "kept"),
    [(-1, 0), (0, 0), (math.nan, 0), (-math.inf, 0), (1e12, MAX_SNOOZE), (math.inf, MAX_SNOOZE)],
)
def test_a_snooze_is_clamped_to_between_now_and_thirty_days(delay: float, kept: float) -> None:
    result = after(Snoozed(delay, ""))
    assert result.scheduled_at == NOW + kept
    assert result.status is (Status.SCHEDULED if kept else Status.PENDING)


def test_an_interrupted_job_is_pending_at_its_old_place() -> None:
    result = after(Interrupted("the worker shut down"), claimed(attempts=4))
    assert (result.status, result.attempts, result.scheduled_at) == (Status.PENDING, 4, None)
    assert result.last_error is None


def test_a_crash_gives_the_job_back_until_the_third_which_makes_a_poison_pill() -> None:
    job = claimed()
    for crashes in range(1, POISON_PILL_CRASHES):
        result = after(Crashed("worker a died"), job)
        assert (result.status, result.attempts, result.crashes) == (Status.PENDING, 0, crashes)
        assert result.scheduled_at is None
        job = claimed(crashes=result.crashes)
    result = after(Crashed("worker c died"), job)
    assert (result.status, result.dead, result.crashes) == (Status.FAILED, True, 3)
    assert result.last_error is not None
    assert "poison pill" in result.last_error
    assert "worker c died" in result.last_error


def test_a_crash_beside_others_makes_suspicious_and_proves_nothing() -> None:
    job, beside = claimed(), Crashed("worker a died", alone=False)
    for crashes in (1, 2, 2, 2):
        result = after(beside, job)
        assert (result.status, result.crashes) == (Status.PENDING, crashes)
        assert runs_alone(job) is (job.crashes == 2)
        job = claimed(crashes=result.crashes)
    assert after(Crashed("worker b died"), job).dead


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_by_request() -> None:
    assert {status: cancel_when(status) for status in Status if not status.finished} == {
        Status.SCHEDULED: CancelAction.AT_ONCE,
        Status.BLOCKED: CancelAction.AT_ONCE,
        Status.PENDING: CancelAction.AT_ONCE,
        Status.PROCESSING: CancelAction.REQUEST,
    }


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_a_job_that_ended_cannot_be_cancelled_and_the_answer_names_its_state(status: Status) -> None:
    with pytest.raises(NotAllowed, match=status.value):
        cancel_when(status)


def test_only_failed_cancelled_and_scheduled_jobs_can_be_retried() -> None:
    for status in Status:
        if status in {Status.FAILED, Status.CANCELLED, Status.SCHEDULED}:
            check_retry(status)
        else:
            with pytest.raises(NotAllowed, match=status.value):
                check_retry(status)


def test_the_tests_know_every_outcome() -> None:
    assert set(get_args(Outcome)) == {Completed, Failed, TimedOut, Cancelled, Snoozed, Interrupted, Crashed}
