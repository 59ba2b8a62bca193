"""WorkflowControl: the part of `Queue` that looks at workflows and steers them as a whole."""

from collections.abc import Mapping

from runtime.db.base import Database
from runtime.errors import InvalidInput
from runtime.job import Job
from runtime.model.composition import Member, WorkflowGraph, WorkflowRecord, WorkflowState
from runtime.model.records import JobRecord, Page
from runtime.store import control, jobs, steering, workflows
from runtime.transaction import JobTransaction

MOST_AT_ONCE = 1000
"""Jobs that one transaction cancels or begins anew."""
LARGEST_PAGE = 200


class WorkflowControl:
    """Workflows as a whole."""

    def __init__(self, database: Database[JobTransaction], models: Mapping[str, type[Job]]) -> None:
        self._database = database
        self._models = models

    async def workflow(self, workflow_id: int, /) -> WorkflowRecord:
        """A workflow and how far it is, from counters.

        Raises:
            NotFound: no such workflow.
        """
        return await self._database.read(workflows.find, workflow_id)

    async def workflows(
        self, *, state: WorkflowState | None = None, limit: int = 50, cursor: int | None = None
    ) -> Page[WorkflowRecord]:
        """Workflows, newest first; `limit` from 1 to 200."""
        _check_limit(limit)
        return await self._database.read(workflows.page, limit=limit, cursor=cursor, state=state)

    async def workflow_jobs(
        self, workflow_id: int, /, *, limit: int = 50, cursor: int | None = None
    ) -> Page[Member]:
        """The jobs of a workflow, oldest first; `limit` from 1 to 200.

        Raises:
            NotFound: no such workflow.
        """
        _check_limit(limit)
        return await self._database.read(workflows.members, workflow_id, limit=limit, cursor=cursor)

    async def workflow_graph(self, workflow_id: int, /, *, most: int) -> WorkflowGraph | None:
        """The jobs of a workflow and who of them waits for whom; None where it has more than `most` jobs.

        Raises:
            NotFound: no such workflow.
        """
        return await self._database.read(workflows.graph, workflow_id, most=most)

    async def cancel_workflow(self, workflow_id: int, /) -> WorkflowRecord:
        """Cancel its jobs: those that wait at once, those that run within a second.

        In transactions of a thousand jobs; cancelled in between, some of them are.

        Raises:
            NotFound: no such workflow.
        """
        await self.workflow(workflow_id)
        while await self._database.write(_cancel_some, workflow_id):
            pass
        return await self.workflow(workflow_id)

    async def retry_workflow(self, workflow_id: int, /) -> WorkflowRecord:
        """Begin its failed and cancelled jobs anew; each waits again for those that it depends on.

        Raises:
            NotFound: no such workflow.
            NotAllowed: another job has taken the key of one of them.
        """
        await self.workflow(workflow_id)
        after: int | None = 0
        while after is not None:
            after = await self._database.write(_retry_some, self._models, workflow_id, after)
        return await self.workflow(workflow_id)


def _cancel_some(tx: JobTransaction, workflow_id: int) -> int:
    return steering.cancel_these(tx, workflows.unfinished(tx, workflow_id, MOST_AT_ONCE), None)


def begin_anew(tx: JobTransaction, models: Mapping[str, type[Job]], job_id: int) -> JobRecord:
    """Begin a job anew with as many attempts as its type gives it; see `Queue.retry`."""
    record = jobs.find(tx, job_id)
    model = models.get(record.type)
    return control.retry(tx, job_id, model.policy.max_attempts if model else record.max_attempts)


def _retry_some(
    tx: JobTransaction, models: Mapping[str, type[Job]], workflow_id: int, after: int
) -> int | None:
    """Begin some anew; return behind which to go on, None at the end.

    Parents were stored before what depends on them, so they begin first, and bring it back themselves.
    Each is begun anew once: one that fails again at once must not be found again, for ever.
    """
    found = workflows.unsuccessful(tx, workflow_id, after, MOST_AT_ONCE)
    for job_id in found:
        if jobs.find(tx, job_id).status.finished:
            begin_anew(tx, models, job_id)
    return found[-1] if len(found) == MOST_AT_ONCE else None


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit must be from 1 to {LARGEST_PAGE}")
