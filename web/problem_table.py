"""Which error becomes which answer: the table, and how it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from runtime.db.base import CheckViolation, UniqueViolation
from runtime.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from web.errors import (
    Forbidden,
    MalformedRequest,
    ShuttingDown,
    TooManyAttempts,
    TooManyStreams,
    Unauthorized,
    UnknownHost,
    UnsupportedMediaType,
)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """How an error is answered."""

    status: int
    title: str
    detail: str | None = None
    """What to say instead of the error's own text, which may hold what strangers should not read."""
    retry_after: int | None = None
    """Seconds; an error with a `retry_after` of its own knows better."""
    members: tuple[str, ...] = ()
    """Attributes of the error that are part of the answer."""
    challenge: bool = False
    """Whether the answer asks for a token."""


_TRY_AGAIN = "The database is not usable at the moment. Nothing was written; try again."

# The nearest base class of an error decides.
PROBLEMS: Mapping[type[Exception], ProblemKind] = MappingProxyType(
    {
        InvalidInput: ProblemKind(422, "Invalid input"),
        NotFound: ProblemKind(404, "Not found"),
        NotAllowed: ProblemKind(409, "Not allowed in this state"),
        DatabaseBusy: ProblemKind(503, "Database busy", _TRY_AGAIN, retry_after=1),
        DatabaseFull: ProblemKind(503, "No space left", _TRY_AGAIN, retry_after=30),
        DatabaseError: ProblemKind(503, "Database unavailable", _TRY_AGAIN, retry_after=5),
        # These two are DatabaseErrors that trying again does not mend.
        UniqueViolation: ProblemKind(500, "Internal server error", "The request could not be answered."),
        CheckViolation: ProblemKind(500, "Internal server error", "The request could not be answered."),
        ConfigurationError: ProblemKind(500, "Internal server error", "The request could not be answered."),
        MalformedRequest: ProblemKind(400, "Malformed request"),
        Unauthorized: ProblemKind(401, "Admin token needed", challenge=True),
        Forbidden: ProblemKind(403, "Forbidden"),
        UnsupportedMediaType: ProblemKind(415, "Unsupported media type"),
        UnknownHost: ProblemKind(421, "Unknown host"),
        TooManyAttempts: ProblemKind(429, "Too many attempts"),
        ShuttingDown: ProblemKind(503, "Shutting down", retry_after=5),
        TooManyStreams: ProblemKind(503, "Too many streams", retry_after=30),
    }
)
UNEXPECTED = ProblemKind(500, "Internal server error", "The request could not be answered.")


class ProblemTable:
    """The table of one application: ours, and what its blueprints add."""

    def __init__(self, kinds: Mapping[type[Exception], ProblemKind] = PROBLEMS) -> None:
        self._kinds = dict(kinds)

    def add(self, kinds: Mapping[type[Exception], ProblemKind]) -> None:
        """Add the errors of a blueprint."""
        self._kinds |= kinds

    def find(self, error: type[BaseException]) -> ProblemKind:
        """How an error of that class is answered; as a mistake of ours where no base class is known."""
        for base in error.__mro__:
            if issubclass(base, Exception) and base in self._kinds:
                return self._kinds[base]
        return UNEXPECTED
