"""An attempt: how it ended, judged by why it was cancelled and not by what its handler made of that."""

import trio

from runtime.model.outcomes import Cancelled, Completed, Failed, Interrupted, TimedOut
from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt


def attempt() -> Attempt:
    job = ClaimedJob(
        id=1, type="t", payload="{}", attempts=0, max_attempts=5, crashes=0, claims=1, locked_at=0.0
    )
    return Attempt(job, trio.CancelScope(), trio.current_time())


def judged(ended, now):
    ended.judge(now)
    return ended.outcome


async def test_an_attempt_ended_as_its_handler_did(autojump_clock):
    ended = attempt()
    ended.outcome = Completed()

    assert judged(ended, 5.0) == Completed()


async def test_the_first_reason_to_cancel_stands_whatever_the_handler_makes_of_it(autojump_clock):
    ended = attempt()
    ended.cancel(Cancelled("by an operator"))
    ended.cancel(Interrupted("stopped"))
    ended.outcome = Completed()

    assert judged(ended, 5.0) == Cancelled("by an operator")


async def test_past_its_deadline_it_has_timed_out_with_what_the_handler_said(autojump_clock):
    ended = attempt()
    ended.deadline = ended.began + 3
    ended.scope.cancel()
    ended.outcome = Failed("in its cleanup")

    assert judged(ended, ended.began + 2) == Failed("in its cleanup"), "cancelled, but not by its deadline"
    assert judged(ended, ended.began + 4) == TimedOut(3.0, "in its cleanup")


async def test_a_timeout_stands_although_an_operator_cancels_after_it(autojump_clock):
    ended = attempt()
    ended.deadline = ended.began + 3
    ended.scope.cancel()
    ended.cancel(Cancelled("too late"))

    assert judged(ended, ended.began + 4) == TimedOut(3.0, "")


async def test_a_handler_that_cancelled_its_own_scope_has_failed(autojump_clock):
    ended = attempt()
    ended.scope.cancel()

    assert judged(ended, ended.began + 1) == Failed("the handler cancelled itself")
