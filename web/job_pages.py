"""The page of one job: where it stands and why, what it belongs to, its runs, and what can be done to it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import JsonValue
from quart import Blueprint, Response, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from runtime.errors import NotAllowed
from runtime.model.composition import WorkflowRecord
from runtime.model.detail import JobDetail
from runtime.model.records import Status
from web.api.shapes import JobDetailShape
from web.pages import back_to, check_form, draw_live
from web.site import site

job_pages = Blueprint("jobs", __name__, url_prefix="/dashboard/jobs")

NOTICES = {
    "cancelled": "It is cancelled: at once if it waits, within a second if it runs.",
    "retried": "The job begins anew.",
    "refused": "It had moved on: that can no longer be done to it.",
}
RETRIED = frozenset({Status.FAILED, Status.CANCELLED, Status.SCHEDULED})
LONGEST_TEXT = 4_000
"""Characters of a payload or a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job, as of one moment."""

    now: float
    detail: JobDetail
    workflow: WorkflowRecord | None
    payload: str
    result: str | None

    @property
    def can_retry(self) -> bool:
        """Whether it can begin anew, or at once."""
        return self.detail.record.status in RETRIED


@job_pages.get("/<id:job_id>")
async def shown(job_id: int) -> Response:
    """One job."""
    queue = site().queue
    detail = await queue.job(job_id)
    shape = JobDetailShape.of_detail(detail)  # with secrets masked
    view = JobView(
        now=site().now(),
        detail=detail,
        workflow=None if detail.workflow_id is None else await queue.workflow(detail.workflow_id),
        payload=_text(shape.payload),
        result=None if shape.result is None else _text(shape.result),
    )
    return await draw_live("job.html", view=view, notices=NOTICES)


@job_pages.post("/<id:job_id>/cancel")
async def cancel(job_id: int) -> WerkzeugResponse:
    """Cancel it."""
    return await _act("cancelled", site().queue.cancel, job_id)


@job_pages.post("/<id:job_id>/retry")
async def retry(job_id: int) -> WerkzeugResponse:
    """Begin it anew."""
    return await _act("retried", site().queue.retry, job_id)


async def _act(notice: str, act: Callable[[int], Awaitable[object]], job_id: int) -> WerkzeugResponse:
    await check_form()
    try:
        await act(job_id)
    except NotAllowed:
        notice = "refused"
    return back_to(url_for(".shown", job_id=job_id), notice)


def _text(value: JsonValue) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
