"""JobTransaction: what a transaction function of an application is given."""

from collections.abc import Sequence
from typing import Unpack, cast, overload

from runtime.db.base import blind
from runtime.enqueueing import EnqueueOptions, OnConflict, new_job, new_jobs
from runtime.flow import AnyOptions, Chain, FlowOptions, Group, plan
from runtime.job import Job
from runtime.model.composition import WorkflowRecord
from runtime.model.records import JobRecord
from runtime.store import jobs
from runtime.store.transaction import StoreTransaction

__all__ = ["EnqueueOptions", "JobTransaction", "OnConflict", "new_job"]


class JobTransaction(StoreTransaction):
    """A transaction that can enqueue: the jobs exist exactly if it commits."""

    __slots__ = ()

    @overload
    def enqueue(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> JobRecord: ...
    @overload
    def enqueue(self, job: Chain | Group, /, **options: Unpack[FlowOptions]) -> WorkflowRecord: ...
    def enqueue(
        self, job: Job | Chain | Group, /, **options: Unpack[AnyOptions]
    ) -> JobRecord | WorkflowRecord:
        """Store a job, or a flow: jobs that wait for each other.

        Returns:
            The stored job; where its key was taken, the job that holds it, `duplicate` set. Of a flow
            the workflow that its jobs belong to.

        Raises:
            InvalidInput: an option out of range, a job to depend on that does not exist.
            InvalidPayload: the payload cannot be stored.
        """
        if isinstance(job, Chain | Group):
            return self.store_flow(job, **cast("FlowOptions", options))
        return self.store_job(job, **cast("EnqueueOptions", options))

    @blind
    def store_job(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> JobRecord:
        """`enqueue` of a job."""
        return jobs.insert(self, new_job(job, self.now, **options))

    def store_flow(self, flow: Chain | Group, /, **options: Unpack[FlowOptions]) -> WorkflowRecord:
        """`enqueue` of a flow."""
        return jobs.insert_plan(self, plan(flow, self.now, **options), options.get("name", ""))

    def enqueue_many(
        self, batch: Sequence[Job], /, *, delay: float = 0, priority: int | None = None
    ) -> list[int]:
        """Store jobs together; return their ids in order.

        Raises:
            InvalidInput, InvalidPayload: as `enqueue`; then none is stored.
        """
        return jobs.insert_many(self, new_jobs(batch, self.now, delay=delay, priority=priority))
