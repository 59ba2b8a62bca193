"""Schedules: next ticks, run now, pause, resume."""

from quart import Blueprint

from runtime.errors import NotFound
from web.api.shapes import JobShape, Moment, Shape
from web.operations import operation
from web.paths import unknown_is_not_found
from web.site import site

blueprint = Blueprint("cron", __name__, url_prefix="/admin/cron")


class ScheduleShape(Shape):
    """A cron schedule, and what it will do next."""

    name: str
    expression: str
    timezone: str
    missed: str
    overlap: str
    paused: bool
    last_tick_at: Moment | None
    next_ticks: tuple[Moment, ...]


class ScheduleList(Shape):
    """All schedules."""

    schedules: tuple[ScheduleShape, ...]


@blueprint.get("")
@operation()
async def list_schedules() -> ScheduleList:
    """The cron schedules with their next five ticks."""
    found = await site().queue.schedules()
    return ScheduleList(schedules=tuple(ScheduleShape.of(schedule) for schedule in found))


@blueprint.post("/<name>/run")
@operation(status=201)
async def run_schedule(name: str) -> JobShape:
    """Enqueue a schedule's job now, apart from its ticks."""
    with unknown_is_not_found():
        return JobShape.of(await site().queue.run_schedule(name))


@blueprint.post("/<name>/pause")
@operation()
async def pause_schedule(name: str) -> ScheduleShape:
    """Let a schedule's ticks pass."""
    await site().queue.pause_schedule(name)
    return await _schedule(name)


@blueprint.post("/<name>/resume")
@operation()
async def resume_schedule(name: str) -> ScheduleShape:
    """Let a schedule fire again, from now on."""
    await site().queue.resume_schedule(name)
    return await _schedule(name)


async def _schedule(name: str) -> ScheduleShape:
    for schedule in await site().queue.schedules():
        if schedule.name == name:
            return ScheduleShape.of(schedule)
    raise NotFound(f"there is no schedule {name!r}")
