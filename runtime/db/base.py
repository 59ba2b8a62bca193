"""The face that every dialect shows: a transaction is a function.

`await db.write(fn, *args)` runs the plain function `fn(tx, *args)` inside one
transaction and commits. There is no `await` inside a transaction, so no
cancellation lands in the middle of one and no lock is held across a sleep.
(After datasette's `execute_write_fn`.)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Concatenate, Generic, ParamSpec, TypeVar

from runtime.clock import Clock
from runtime.errors import DatabaseError

Value = str | int | float | bytes | None
Question = tuple[str, Mapping[str, Value]]
"""A statement's name and its parameters."""

R = TypeVar("R")
P = ParamSpec("P")
TransactionT = TypeVar("TransactionT", bound="Transaction")


class UniqueViolation(DatabaseError):
    """A row with this key is there already."""


class CheckViolation(DatabaseError):
    """A CHECK, NOT NULL or FOREIGN KEY constraint refused the row."""


class Statements(ABC):
    """Runs named statements: what a dialect provides to a transaction."""

    @abstractmethod
    def rows(self, name: str, parameters: Mapping[str, Value]) -> Iterable[tuple[Value, ...]]:
        """The rows that a statement yields, read as they are asked for."""

    @abstractmethod
    def run(self, name: str, parameters: Mapping[str, Value]) -> int:
        """Run a statement; return how many rows it changed."""

    @abstractmethod
    def change(self, name: str, parameters: Mapping[str, Value]) -> None:
        """Run a statement of which nobody asks how many rows it changed.

        It is run before the next one that is asked something, so what it raises may be raised there.
        """

    @abstractmethod
    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """`change` once for each row of parameters.

        A row's values stand in the order in which the statement first names its parameters.
        """

    def foresee(self, *steps: Question) -> None:  # noqa: B027 - nothing to gain elsewhere
        """These will be run next, all of them and in this order: a server may be told all at once."""

    def reserve(self, number: int) -> Sequence[int] | None:  # noqa: ARG002 - a dialect's business
        """So many new job ids, where the dialect has a counter outside of transactions; else None."""
        return None


class Transaction:
    """What a transaction function is given. Everything it does happens, or nothing.

    Queries are named: their text stands in the `.sql` files of the schemas
    that the database was opened with.
    """

    __slots__ = ("_savepoint", "_statements", "announcements", "now")

    def __init__(self, statements: Statements, now: float) -> None:
        self._statements = statements
        self.now = now
        """Wall time of this transaction, in seconds since 1970 UTC."""
        self.announcements: set[str] = set()
        """What to wake others for once this is committed; see `announce`."""
        self._savepoint: Callable[[], None] | None = None

    def all(self, name: str, make: Callable[..., R], /, **parameters: Value) -> list[R]:
        """Every row of the query `name`, each as `make(*columns)`."""
        return [make(*row) for row in self._ready().rows(name, parameters)]

    def each(self, name: str, make: Callable[..., R], /, **parameters: Value) -> Iterator[R]:
        """The rows of the query `name` as `make(*columns)`, one at a time; do not write meanwhile."""
        return (make(*row) for row in self._ready().rows(name, parameters))

    def one(self, name: str, make: Callable[..., R], /, **parameters: Value) -> R | None:
        """The first row of the query `name` as `make(*columns)`; None when there is none."""
        for row in self._ready().rows(name, parameters):
            return make(*row)
        return None

    def run(self, name: str, /, **parameters: Value) -> int:
        """Run the statement `name`; return how many rows it changed."""
        return self._ready().run(name, parameters)

    def change(self, name: str, /, **parameters: Value) -> None:
        """Run the statement `name`, where how many rows it changes is known or of no interest.

        A server is told with the next question or the COMMIT, so that this costs no round trip; and what it
        raises may be raised by those.
        """
        self._ready().change(name, parameters)

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """`change` once for each row of parameters.

        A row's values stand in the order in which the statement first names its parameters.
        """
        self._ready().many(name, rows)

    def foresee(self, *steps: Question) -> None:
        """Say what will be run next, all of it and in this order: on a server that is one round trip.

        Questions may remain unasked; what changes something may not, unless the function fails.
        """
        self._ready().foresee(*steps)

    def witness(self) -> Question | None:
        """A query that finds something exactly if this transaction was committed; None: there is none."""
        return None

    def announce(self, subject: str) -> None:
        """Wake whoever listens for `subject`, in any process, once this is committed."""
        self.announcements.add(subject)

    # A group commit runs many functions in one transaction. What a function gathered in
    # memory is kept or forgotten with it; one that runs a statement gets a savepoint first.

    def begin(self, savepoint: Callable[[], None]) -> None:
        """The next function begins: call `savepoint` before its first statement."""
        self._savepoint = savepoint

    def _ready(self) -> Statements:
        """The statements, for use now."""
        if self._savepoint is not None:
            savepoint, self._savepoint = self._savepoint, None
            self.settle()
            savepoint()
        return self._statements

    def settle(self) -> None:
        """Write what must not go with the savepoint that follows: what earlier functions gathered."""

    def keep(self) -> None:
        """The function just run has succeeded: what it gathered will be committed."""

    def forget(self) -> None:
        """The function just run has failed: what it gathered goes with its savepoint."""

    def flush(self) -> None:
        """Write what was gathered; called once, before COMMIT."""


Listener = Callable[[frozenset[str]], None]

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def brief(fn: FunctionT) -> FunctionT:
    """Mark a transaction function that takes no longer than a switch to a thread and back, a few statements.

    A database in this process may run it on the trio thread, where it need not wait there for anything.
    """
    fn.is_brief = True  # type: ignore[attr-defined]  # functions bear attributes
    return fn


def is_brief(fn: Callable[..., object]) -> bool:
    """Whether it is marked as `brief`."""
    return getattr(fn, "is_brief", False)


def blind(fn: FunctionT) -> FunctionT:
    """Mark a brief transaction function that seldom asks the database anything before it writes.

    One on a server may run it on the trio thread; when it does ask, it is broken off and run anew elsewhere.
    """
    fn.is_blind = True  # type: ignore[attr-defined]  # functions bear attributes
    return brief(fn)


def is_blind(fn: Callable[..., object]) -> bool:
    """Whether it is marked as `blind`."""
    return getattr(fn, "is_blind", False)


class Database(ABC, Generic[TransactionT]):
    """A database opened for one application."""

    @property
    @abstractmethod
    def clock(self) -> Clock:
        """The time that all processes of this database share: what liveness and schedules go by."""

    @abstractmethod
    async def read(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `fn(tx, ...)` on a snapshot; it may not write.

        Cancelled while it waits its turn, it never runs; once begun it is waited for.

        Raises:
            DatabaseError: the database failed. Whatever `fn` raises comes through.
        """

    @abstractmethod
    async def write(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `fn(tx, ...)` in one transaction; when it returns, that is on the disk.

        `fn` must be quick and touch nothing but `tx`. Cancelled while it waits
        its turn, it never runs; once begun it is waited for, so the caller
        always knows whether it happened.

        Raises:
            DatabaseBusy: another connection held the database too long; nothing was written.
            DatabaseFull: no space; nothing was written.
            DatabaseError: the commit failed; nothing was written. Whatever `fn` raises
                comes through, its writes undone.
        """

    @abstractmethod
    async def write_relaxed(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Like `write`, but power loss may undo it: for what a re-run mends (claims, completions).

        It survives the death of every process, and is on the disk as soon as any later `write` is.
        """

    @abstractmethod
    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the trio thread with the subjects announced by committed transactions.

        Announcements of other processes arrive too, as hints: some may be lost.
        Returns the function that ends it.
        """
