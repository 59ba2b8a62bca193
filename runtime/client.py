"""Queue: what one can ask and do, the one vocabulary of application, web and command.

It has no SQL and no rules of its own: SQL is the store's, rules are the model's.
Every method that changes something is one durable transaction; cancelled
while it waits its turn, nothing has happened.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Unpack, cast, overload

from runtime.clock import Clock
from runtime.control import JobControl
from runtime.db.base import Database
from runtime.dead_letters import DeadLetterControl
from runtime.errors import InvalidInput, UnknownType
from runtime.flow import AnyOptions, Chain, FlowOptions, Group
from runtime.job import Job
from runtime.limiting import LIMIT_KINDS, LimitChange, LimitKind
from runtime.model.composition import WorkflowRecord
from runtime.model.detail import JobDetail
from runtime.model.records import (
    JobRecord,
    LimitRecord,
    Page,
    QueueStats,
    ScheduleRecord,
    Status,
    TypeStatus,
    WorkerRecord,
)
from runtime.store import control, jobs, limit_changes, schedules, statistics, types, waiting, workers
from runtime.store.type_limits import Kind
from runtime.transaction import EnqueueOptions, JobTransaction, new_job
from runtime.workflows import WorkflowControl, begin_anew

LARGEST_PAGE = 200


class Queue(JobControl, WorkflowControl, DeadLetterControl):
    """The jobs of an open application."""

    def __init__(
        self,
        database: Database[JobTransaction],
        models: Mapping[str, type[Job]],
        scheduled: frozenset[str],
        keyed: frozenset[str],
        clock: Clock,
    ) -> None:
        JobControl.__init__(self, database, clock)
        WorkflowControl.__init__(self, database, models)
        DeadLetterControl.__init__(self, database, models)
        self._scheduled = scheduled
        self._keyed = keyed

    # Jobs

    @overload
    async def enqueue(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> JobRecord: ...
    @overload
    async def enqueue(self, job: Chain | Group, /, **options: Unpack[FlowOptions]) -> WorkflowRecord: ...
    async def enqueue(
        self, job: Job | Chain | Group, /, **options: Unpack[AnyOptions]
    ) -> JobRecord | WorkflowRecord:
        """Store a job or a flow; when this returns, it survives any crash. See `JobTransaction.enqueue`."""
        if isinstance(job, (Chain, Group)):
            return await self._database.write(JobTransaction.store_flow, job, **cast("FlowOptions", options))
        return await self._database.write(JobTransaction.store_job, job, **cast("EnqueueOptions", options))

    async def enqueue_many(
        self, batch: Sequence[Job], /, *, delay: float = 0, priority: int | None = None
    ) -> list[int]:
        """Store jobs in one transaction; return their ids in order."""
        return await self._database.write(JobTransaction.enqueue_many, batch, delay=delay, priority=priority)

    async def enqueue_raw(
        self, job_type: str, payload: str, /, **options: Unpack[EnqueueOptions]
    ) -> JobRecord:
        """Store a job given as type and JSON text.

        Raises:
            UnknownType: the application declares no such type.
            InvalidPayload: the text does not fit its model; the fields are named.
        """
        return await self.enqueue(self.parse(job_type, payload), **options)

    async def enqueue_raw_many(
        self, job_type: str, payload: str, count: int, /, *, delay: float = 0, priority: int | None = None
    ) -> list[int]:
        """Store a job given as type and JSON text `count` times, in one transaction."""
        job = self.parse(job_type, payload)
        return await self.enqueue_many([job] * count, delay=delay, priority=priority)

    def parse(self, job_type: str, payload: str, /) -> Job:
        """The job that type and JSON text describe.

        Raises:
            UnknownType, InvalidPayload: as `enqueue_raw`.
        """
        model = self._models.get(job_type)
        if model is None:
            raise UnknownType(job_type, list(self._models))
        return model.parse(payload)

    async def job(self, job_id: int, /) -> JobDetail:
        """A job with its history.

        Raises:
            NotFound: no such job.
        """
        return await self._database.read(waiting.detail, job_id, *self._moment())

    async def jobs(
        self,
        *,
        status: Status | None = None,
        type: str | None = None,  # noqa: A002 - the contract's word
        limit: int = 50,
        cursor: int | None = None,
    ) -> Page[JobRecord]:
        """Jobs, newest first; `limit` from 1 to 200."""
        _check_limit(limit)
        return await self._database.read(jobs.page, status=status, job_type=type, limit=limit, cursor=cursor)

    async def cancel(self, job_id: int, /) -> JobRecord:
        """Cancel a waiting job at once; a running one within a second, after its cleanup.

        Raises:
            NotFound: no such job.
            NotAllowed: it is finished.
        """
        return await self._database.write(control.cancel, job_id)

    async def retry(self, job_id: int, /) -> JobRecord:
        """Begin a failed or cancelled job anew, or make a scheduled one due now.

        Raises:
            NotFound: no such job.
            NotAllowed: its state forbids it.
        """
        return await self._database.write(self._retry, job_id)

    # The queue as a whole

    async def stats(self) -> QueueStats:
        """The queue in numbers; the cost does not grow with the jobs."""
        return await self._database.read(statistics.stats)

    async def types(self) -> list[TypeStatus]:
        """Every type that is declared, stored or run by a living worker."""
        return await self._database.read(types.listed, frozenset(self._models), *self._moment())

    async def pause(self, job_type: str, /) -> None:
        """Start no more jobs of a type, within two seconds on every worker.

        Raises:
            UnknownType: nobody declares it and no job has it.
        """
        await self._check_type(job_type)
        await self._database.write(control.pause, job_type)

    async def resume(self, job_type: str, /) -> None:
        """Let jobs of a type start again.

        Raises:
            UnknownType: nobody declares it and no job has it.
        """
        await self._check_type(job_type)
        await self._database.write(control.resume, job_type)

    async def limits(self) -> list[LimitRecord]:
        """The limits in force, by type."""
        return await self._database.read(limit_changes.listed)

    async def set_limit(
        self,
        job_type: str,
        rate: str | None = None,
        burst: float | None = None,
        *,
        concurrency: int | None = None,
        key_rate: str | None = None,
        key_concurrency: int | None = None,
        remove: Collection[LimitKind] = (),
    ) -> LimitRecord:
        """Limit jobs of a type, over all processes, from now on; what is None stays as it is.

        Args:
            job_type: whose jobs.
            rate: how often they start.
            burst: what may start at once after a quiet time; by default the rate says.
            concurrency: how many run at once.
            key_rate: how often those of one key start; the type's handler says what its keys are.
            key_concurrency: how many of one key run at once.
            remove: kinds that are to hold no more, if they do; in the same transaction.

        Raises:
            UnknownType: nobody declares it and no job has it.
            InvalidInput: a value is none, or the type has no keys; the field is named.
        """
        wanted = LimitChange.read(rate, burst, concurrency, key_rate, key_concurrency, remove)
        await self._check_type(job_type)
        wanted.check_keys(job_type, self._keyed)
        return await self._database.write(
            limit_changes.apply,
            job_type,
            wanted.rate,
            wanted.others,
            wanted.removed_others,
            unpaced="rate" in wanted.removed,
        )

    async def remove_limit(self, job_type: str, /, *kinds: LimitKind) -> None:
        """Remove the limits of a type, or some kinds of them, until somebody sets one again.

        Raises:
            NotFound: the type has none of those.
        """
        chosen = kinds or LIMIT_KINDS
        others = [Kind(kind) for kind in chosen if kind != "rate"]
        await self._database.write(limit_changes.remove, job_type, others, rate="rate" in chosen)

    async def schedules(self) -> list[ScheduleRecord]:
        """The application's cron schedules with their next ticks."""
        return await self._database.read(schedules.listed, self._scheduled)

    async def run_schedule(self, name: str, /) -> JobRecord:
        """Enqueue a schedule's job now, apart from its ticks.

        Raises:
            NotFound: no such schedule.
            UnknownType: its job type is not declared here.
        """
        return await self._database.write(self._run_schedule, name)

    async def pause_schedule(self, name: str, /) -> None:
        """Let a schedule's ticks pass.

        Raises:
            NotFound: no such schedule.
        """
        await self._database.write(schedules.set_paused, name, paused=True)

    async def resume_schedule(self, name: str, /) -> None:
        """Let a schedule fire again, from now on.

        Raises:
            NotFound: no such schedule.
        """
        await self._database.write(schedules.set_paused, name, paused=False)

    async def workers(self) -> list[WorkerRecord]:
        """The workers that have not gone."""
        return await self._database.read(workers.listed, *self._moment())

    def _moment(self) -> tuple[str, float]:
        """What tells a living worker from a dead one."""
        return self._clock.boot(), self._clock.monotonic()

    # Transactions

    def _retry(self, tx: JobTransaction, job_id: int) -> JobRecord:
        return begin_anew(tx, self._models, job_id)

    def _run_schedule(self, tx: JobTransaction, name: str) -> JobRecord:
        schedules.find(tx, name)
        model = self._models.get(name)
        if model is None:
            raise UnknownType(name, list(self._models))
        return schedules.run_now(tx, name, new_job(model(), tx.now))

    async def _check_type(self, job_type: str) -> None:
        if job_type in self._models:
            return
        known = await self._database.read(types.listed, frozenset(self._models), *self._moment())
        if job_type not in {status.type for status in known}:
            raise UnknownType(job_type, [status.type for status in known])


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit must be from 1 to {LARGEST_PAGE}")
