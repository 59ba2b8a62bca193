"""An attempt: one run of one job, from its start until its ending is written."""

import math
from collections.abc import Callable, Sequence

import trio

from runtime.model.notes import Notes
from runtime.model.outcomes import Failed, Outcome, TimedOut
from runtime.model.records import ClaimedJob
from runtime.transaction import JobTransaction


class Attempt:
    """One attempt, while it runs and until its ending is written."""

    __slots__ = (
        "began",
        "cancelled_at",
        "deadline",
        "ended",
        "job",
        "notes",
        "outcome",
        "reported",
        "result",
        "scope",
        "task",
        "verdict",
        "writes",
    )

    def __init__(self, job: ClaimedJob, scope: trio.CancelScope, began: float) -> None:
        self.job = job
        self.scope = scope
        self.began = began
        """On trio's clock, like the deadline."""
        self.deadline = math.inf
        self.ended = math.inf
        self.cancelled_at = math.inf
        self.task = trio.lowlevel.current_task()
        self.outcome: Outcome | None = None
        """How the handler itself ended; once judged, how the attempt did."""
        self.verdict: Outcome | None = None
        """Why it was cancelled, if not by its deadline."""
        self.writes: Sequence[Callable[[JobTransaction], object]] = ()
        """What goes into the transaction that completes the job."""
        self.result: str | None = None
        """What the handler returned, as JSON text."""
        self.notes: Notes | None = None
        """What it said that is not written yet, once it has ended."""
        self.reported = False
        """Whether it was reported for ignoring its cancellation."""

    def cancel(self, verdict: Outcome) -> None:
        """Cancel the handler and everything inside it; the first reason stands."""
        if self.verdict is None and not self.scope.cancel_called:
            self.verdict = verdict
            self.cancelled_at = trio.current_time()
            self.scope.cancel()

    def given_back(self, outcome: Outcome) -> Outcome:
        """How it ends where its handler does not."""
        return outcome

    def judge(self, now: float) -> None:
        """Decide how the attempt ended, if it may have been cancelled.

        By whether it was, not by whether the handler noticed: one that swallows its
        cancellation and returns has timed out all the same.
        """
        if self.verdict is not None:
            self.outcome = self.verdict
        elif self.scope.cancel_called and now >= self.deadline:
            detail = self.outcome.error if isinstance(self.outcome, Failed) else ""
            self.outcome = TimedOut(self.deadline - self.began, detail)
        elif self.outcome is None:
            self.outcome = Failed("the handler cancelled itself")
