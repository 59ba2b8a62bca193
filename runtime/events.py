"""What happens, said in one place: every log sentence of the runtime is here.

The pieces call a method when something happened; they know neither logging nor
its words. An application that wants to hear replaces `Events` by its own.
"""

from collections.abc import Sequence

import structlog

from runtime.model.records import ClaimedJob


class Events:
    """Writes what happens to the log, with the job and the worker on every line."""

    def __init__(self) -> None:
        # Bound now: an unbound logger looks up its configuration at each call, 8 µs for every job.
        self._log = structlog.stdlib.get_logger("creche").bind()

    def worker_started(self, worker: str, runners: int, types: Sequence[str]) -> None:
        """A worker is ready to claim."""
        self._log.info("worker started", worker=worker, runners=runners, types=sorted(types))

    def worker_stopping(self, worker: str, grace: float, running: int) -> None:
        """A worker claims no more; what runs has `grace` seconds."""
        self._log.info("worker stopping", worker=worker, grace=grace, running=running)

    def worker_stopped(self, worker: str) -> None:
        """A worker has given back everything and gone."""
        self._log.info("worker stopped", worker=worker)

    def attempt_ended(
        self, job: ClaimedJob, outcome: str, status: str, seconds: float, error: str | None
    ) -> None:
        """An attempt ended, in whatever way."""
        if outcome == "completed":
            self._log.debug(
                "job completed", job=job.id, type=job.type, attempt=job.attempts + 1, seconds=seconds
            )
            return
        self._log.warning(
            f"attempt {outcome}",
            error=(error or "").split("\n", 1)[0],
            job=job.id,
            type=job.type,
            attempt=job.attempts + 1,
            status=status,
            seconds=round(seconds, 3),
        )

    def ending_refused(self, job: ClaimedJob, worker: str) -> None:
        """A worker's outcome came too late: the job is another's by now."""
        self._log.warning("stale outcome refused", job=job.id, type=job.type, worker=worker)

    def result_not_kept(self, job: ClaimedJob, reason: str) -> None:
        """What a handler returned cannot be stored; its job completes all the same."""
        self._log.warning("result not kept", job=job.id, type=job.type, reason=reason)

    def handler_ignores_cancellation(self, job: ClaimedJob, seconds: float, stack: str) -> None:
        """A cancelled handler does not end."""
        self._log.error(
            "handler ignores its cancellation",
            job=job.id,
            type=job.type,
            seconds=round(seconds, 1),
            stack=stack,
        )

    def tasks_leaked(self, number: int) -> None:
        """A handler left tasks outside its own nursery; they were cancelled."""
        self._log.error("a handler leaked tasks; they were cancelled", tasks=number)

    def jobs_rescued(self, worker: str, jobs: int, reason: str) -> None:
        """A dead worker's jobs were given back."""
        self._log.warning("jobs of a dead worker given back", worker=worker, jobs=jobs, reason=reason)

    def worker_was_reaped(self, worker: str, running: int) -> None:
        """This worker was taken for dead; what it runs is cancelled."""
        self._log.error(
            "this worker was taken for dead; its handlers are cancelled", worker=worker, running=running
        )

    def schedule_fired(self, name: str, jobs: int) -> None:
        """Ticks of a schedule enqueued their jobs."""
        self._log.info("schedule fired", schedule=name, jobs=jobs)

    def database_trouble(self, piece: str, error: str, pause: float) -> None:
        """A piece could not use the database and tries again."""
        self._log.warning("database not usable for now", piece=piece, error=error, pause=pause)

    def loop_stalled(self, seconds: float, jobs: Sequence[str], stack: str) -> None:
        """Something blocks the event loop."""
        self._log.error("event loop blocked", seconds=round(seconds, 1), running=list(jobs), stack=stack)

    def forced_exit(self, seconds: float) -> None:
        """The orderly way took too long."""
        self._log.error("shutdown took too long; leaving by force", seconds=round(seconds, 1))
