"""The store without trio: a call is a committed transaction, at a moment that tests set."""

from collections.abc import Callable
from pathlib import Path

import apsw

from runtime.app import RUNTIME_SCHEMA
from runtime.db.commit import GroupCommit
from runtime.db.lane import Request
from runtime.db.migrations import migrate
from runtime.db.queries import merge_queries
from runtime.db.sqlite_connection import SqliteStatements
from runtime.model.lifecycle import settle
from runtime.model.outcomes import Completed, Outcome
from runtime.model.records import ClaimedJob, JobRecord
from runtime.model.retry import Retry
from runtime.store import claims, endings, jobs
from runtime.store.claims import Claim
from runtime.store.endings import Ending
from runtime.store.selection import ClaimRequest
from runtime.store.workers import Beat
from runtime.transaction import JobTransaction

START = 1_767_225_600.0
TYPES = frozenset({"obey", "other", "limited"})
RETRY = Retry(base=10, factor=2, cap=1000, jitter=0)
TEXTS = merge_queries([RUNTIME_SCHEMA], "sqlite")


class StillClock:
    """Stands still until somebody moves it; busy-waiting moves it too."""

    def __init__(self, start: float = START, step: float = 0.0) -> None:
        self.time = start
        self.step = step

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        self.time += self.step
        return self.time

    def boot(self) -> str:
        return "still"


class Store:
    """`store(fn, *args)` runs `fn(tx, *args)` and commits; what `fn` raises comes through."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.announced: frozenset[str] = frozenset()
        """By the last call."""
        self.connection = apsw.Connection(":memory:")
        migrate(self.connection, [RUNTIME_SCHEMA], self.clock, path=Path(":memory:"), adopt=False)
        self._commit = GroupCommit(self.connection, self.clock, self._begin, self._heard)

    @property
    def now(self) -> float:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        self.clock.time += seconds

    def __call__(self, fn: Callable, /, *args, **kwargs):
        (request,) = self.group(lambda tx: fn(tx, *args, **kwargs))
        return request.result()

    def group(self, *fns: Callable) -> list[Request]:
        """Run functions in one commit, each alone in its savepoint; the answered requests."""
        self.announced = frozenset()
        requests = [Request(fn, durable=True, deadline=self.now) for fn in fns]
        self._commit(requests)
        return requests

    def rows(self, sql: str, *parameters) -> list[tuple]:
        """What the tables really hold."""
        return list(self.connection.execute(sql, parameters))

    def execute(self, sql: str, *parameters) -> None:
        """Tamper with the tables."""
        self.connection.execute(sql, parameters)

    def job(self, job_id: int) -> JobRecord:
        return jobs.find(self._begin(), job_id)

    def enqueue(self, job, **options) -> JobRecord:
        return self(JobTransaction.enqueue, job, **options)

    def claim(self, most: int = 10, **changes) -> Claim:
        return self(claims.claim, request(most=most, **changes))

    def end(self, job: ClaimedJob, outcome: Outcome | None = None, worker: str = "w1") -> bool:
        """End an attempt; whether the worker still owned the job."""
        return self(endings.finish, worker, self.ending(job, outcome))

    def ending(self, job: ClaimedJob, outcome: Outcome | None = None) -> Ending:
        return Ending(job, settle(job, outcome or Completed(), self.now, RETRY, 0.5))

    def _begin(self) -> JobTransaction:
        return JobTransaction(SqliteStatements(self.connection, TEXTS), self.now)

    def _heard(self, subjects: frozenset[str]) -> None:
        self.announced = subjects


def request(**changes) -> ClaimRequest:
    """A claim of worker w1 that takes whatever there is."""
    values = {
        "worker": "w1", "types": TYPES, "free": 1000, "most": 10, "min_priority": 0, "max_priority": 100,
        "aging": 600.0,
    }  # fmt: skip
    return ClaimRequest(**{**values, **changes})


def sign_of_life(worker: str, moment: float) -> Beat:
    """What a worker of boot `b` that runs jobs of type `obey` says of itself."""
    return Beat(id=worker, host="h", pid=1, boot="b", beat=moment, stale_after=30, runners=1, types=("obey",))
