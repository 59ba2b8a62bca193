"""Workers: one row each, so that liveness costs one write each few seconds, whatever runs."""

import json
from dataclasses import dataclass

from runtime.model.records import WorkerRecord
from runtime.store.transaction import StoreTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a worker says of itself at each heartbeat."""

    id: str
    host: str
    pid: int
    boot: str
    """Names one boot of one machine: `beat`s of different boots cannot be compared."""
    beat: float
    """The machine's monotonic clock, in seconds."""
    stale_after: float
    runners: int
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredWorker:
    """A row of `workers`."""

    id: str
    host: str
    pid: int
    boot: str
    started_at: float
    seen_at: float
    beat: float
    stale_after: float
    runners: int
    running: int
    types: str
    stopping: int

    def stale(self, boot: str, monotonic: float) -> bool:
        """Whether it is of an earlier boot, or silent too long by a clock that cannot jump."""
        return self.boot != boot or monotonic - self.beat > self.stale_after


def register(tx: StoreTransaction, worker: Beat) -> None:
    """Say that a worker is there, or there again."""
    tx.change(
        "register_worker",
        id=worker.id,
        host=worker.host,
        pid=worker.pid,
        boot=worker.boot,
        now=tx.now,
        beat=worker.beat,
        stale_after=worker.stale_after,
        runners=worker.runners,
        types=json.dumps(worker.types),
    )


def beat(tx: StoreTransaction, worker_id: str, monotonic: float, running: int, *, stopping: bool) -> bool:
    """Say that a worker lives; False when it was taken for dead meanwhile."""
    return bool(
        tx.run("beat", id=worker_id, now=tx.now, beat=monotonic, running=running, stopping=int(stopping))
    )


def may_claim(tx: StoreTransaction, worker_id: str) -> bool:
    """Whether a worker has a row, which stays then until this transaction ends.

    Without one, others give back at once whatever it holds.
    """
    return tx.one("keep_claimer", float, id=worker_id) is not None


def last_beat(tx: StoreTransaction, worker_id: str) -> float | None:
    """The worker's last sign of life, on its machine's monotonic clock; None: it has no row."""
    return tx.one("last_beat", float, id=worker_id)


def hold_suspect(tx: StoreTransaction, worker_id: str) -> float | None:
    """As `last_beat`; and until this transaction ends, the worker claims nothing."""
    return tx.one("hold_suspect", float, id=worker_id)


def remove(tx: StoreTransaction, worker_id: str) -> None:
    """A worker has gone, and holds nothing."""
    tx.change("remove_worker", id=worker_id)


def stored(tx: StoreTransaction) -> list[StoredWorker]:
    """Every worker with a row."""
    return tx.all("list_workers", StoredWorker)


def orphan_owners(tx: StoreTransaction) -> list[str]:
    """Workers that hold running jobs and have no row."""
    return tx.all("orphan_owners", str)


def listed(tx: StoreTransaction, boot: str, monotonic: float) -> list[WorkerRecord]:
    """Every worker, as people see it."""
    return [
        WorkerRecord(
            id=worker.id,
            host=worker.host,
            pid=worker.pid,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
            runners=worker.runners,
            running=worker.running,
            types=tuple(json.loads(worker.types)),
            alive=not worker.stale(boot, monotonic),
            stopping=bool(worker.stopping),
        )
        for worker in stored(tx)
    ]
