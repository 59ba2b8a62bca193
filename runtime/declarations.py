"""What an application declares about its jobs, kept in the database: schedules and limits.

Stored when the application is opened, so that operators see them before a
worker has run. What an operator set or paused stands.
"""

from collections.abc import Mapping

from runtime.handlers import Handler
from runtime.store import limit_changes, limits, schedules
from runtime.store.schedules import DeclaredSchedule
from runtime.store.type_limits import Kind
from runtime.transaction import JobTransaction, new_job


def declared_schedules(handlers: Mapping[str, Handler], now: float) -> list[DeclaredSchedule]:
    """The schedules, each with the job of its ticks."""
    return [
        DeclaredSchedule(schedule=handler.schedule, job=new_job(handler.model(), now))
        for handler in handlers.values()
        if handler.schedule is not None
    ]


def declared_limits(handlers: Mapping[str, Handler]) -> limit_changes.Declared:
    """The limits beside the rates, by type."""
    return {
        name: {
            Kind.CONCURRENCY: handler.concurrency,
            Kind.KEY_RATE: handler.per_key.parsed_rate() if handler.per_key else None,
            Kind.KEY_CONCURRENCY: handler.per_key.concurrency if handler.per_key else None,
        }
        for name, handler in handlers.items()
    }


def is_declared(tx: JobTransaction, handlers: Mapping[str, Handler]) -> bool:
    """Whether the database knows all of it: then opening the application writes nothing."""
    return (
        all(schedules.is_declared(tx, schedule) for schedule in declared_schedules(handlers, tx.now))
        and all(limits.is_declared(tx, name, handler.rate) for name, handler in handlers.items())
        and limit_changes.is_declared(tx, declared_limits(handlers))
    )


def declare(tx: JobTransaction, handlers: Mapping[str, Handler]) -> None:
    """Store all of it."""
    for schedule in declared_schedules(handlers, tx.now):
        schedules.declare(tx, schedule)
    for name, handler in handlers.items():
        limits.declare(tx, name, handler.rate)
    limit_changes.declare(tx, declared_limits(handlers))
