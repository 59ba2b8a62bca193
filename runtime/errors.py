"""Everything Creche raises on purpose.

    CrecheError
    ├─ ConfigurationError        at start-up, never from a running job
    │   ├─ DuplicateType         two handlers, or two models, for one job type
    │   ├─ UnsupportedDatabase   the URL, the SQLite library or the file is not one we can use
    │   └─ SchemaMismatch        the database is newer than this code, or must be migrated first
    ├─ InvalidInput              the caller's mistake; carries the fields at fault
    │   ├─ UnknownType           no job type of that name
    │   └─ InvalidPayload        the payload does not fit the type's model
    ├─ NotFound                  no such job, dead letter, schedule, limit or worker
    ├─ NotAllowed                the state of the thing forbids it (retry a running job)
    └─ DatabaseError             the driver's error is the cause
        ├─ DatabaseBusy          somebody else holds the database: transient, try again later
        ├─ CommitInDoubt         the server went away in COMMIT, and cannot say what became of it
        └─ DatabaseFull          no space left: nothing was written, works again once there is space

    JobSignal                    what a handler raises to steer its own ending; not an error
    ├─ Discard                   final: no further attempt
    ├─ Cancel                    end as cancelled
    └─ Snooze                    again later, without using up an attempt

The command maps the tree to exit codes in `runtime/cli/failures.py`, the web
to HTTP statuses in `web/problems.py`; a test walks the classes and fails on
one that either table misses.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let an error through without the groups that nurseries have wrapped it in, if it is the only one.

    Whoever opens an application need not know that nurseries keep it running.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        leaf: BaseException = group
        while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
            leaf = leaf.exceptions[0]
        if not isinstance(leaf, Exception) or isinstance(leaf, BaseExceptionGroup):
            raise
        raise leaf from leaf.__cause__  # noqa: ASYNC123 - it keeps its own traceback and cause


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of some input, and what is wrong with it."""

    field: str
    """Dotted path from the root of the input: `items.0.quantity`."""
    message: str


class CrecheError(Exception):
    """The root: everything this library raises on purpose."""


class ConfigurationError(CrecheError):
    """The application or its options cannot work; raised before anything runs."""


class DuplicateType(ConfigurationError):
    """Two models or two handlers claim one job type."""


class UnsupportedDatabase(ConfigurationError):
    """The database URL, the SQLite library or the file is not one we can use."""


class SchemaMismatch(ConfigurationError):
    """The schema in the database is newer than this code, or not there yet."""


class InvalidInput(CrecheError):
    """The caller's mistake.

    Attributes:
        errors: the fields at fault, at least one.
    """

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.errors: tuple[FieldError, ...] = tuple(errors)


class UnknownType(InvalidInput):
    """No job type of that name is declared."""

    def __init__(self, job_type: str, known: Sequence[str] = ()) -> None:
        hint = f"; known: {', '.join(sorted(known))}" if known else ""
        super().__init__(f"unknown job type {job_type!r}{hint}", [FieldError("type", "unknown job type")])


class InvalidPayload(InvalidInput):
    """A payload does not fit the model of its job type."""


class NotFound(CrecheError):
    """There is no such job, dead letter, schedule, limit or worker."""


class NotAllowed(CrecheError):
    """The thing's present state forbids the operation."""


class DatabaseError(CrecheError):
    """The database refused or failed; the driver's own error is the cause."""


class DatabaseBusy(DatabaseError):
    """Another connection holds the database. Nothing was written; try again later."""


class CommitInDoubt(DatabaseError):
    """The connection was lost in COMMIT: whether it was written is unknown. Look before you do it again."""


class DatabaseFull(DatabaseError):
    """No space is left. Nothing was written; it works again once there is space."""


class JobSignal(Exception):
    """What a handler raises to steer its own ending."""


class Discard(JobSignal):
    """Give up at once: the job fails and goes to the dead letter queue."""


class Cancel(JobSignal):
    """End the job as cancelled."""


class Snooze(JobSignal):
    """Run again after `delay` seconds without using up an attempt."""

    def __init__(self, delay: float, reason: str = "") -> None:
        super().__init__(reason or f"snoozed for {delay:g} s")
        self.delay = delay
