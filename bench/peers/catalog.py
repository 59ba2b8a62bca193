"""Which other queues there are, what they need, and what each of them promises."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another queue."""

    name: str
    adapter: str
    """The script beside this file, in `adapters`."""
    packages: Sequence[str]
    """What pip installs; the first is the queue itself."""
    store: str
    """`sqlite`, `redis` or `postgresql`."""
    durable: str
    """What survives what, in few words: it stands beside each figure."""
    running: str
    """What becomes of a job whose worker is killed."""
    slow: int = 1
    """It gets so many times fewer jobs, or all the others would wait for it."""


_REDIS = "in memory: a crash of Redis loses jobs"
_POSTGRES = "each commit synced"
_SAQ = ("saq[redis,hiredis,postgres]", "psycopg[binary]", "typing-extensions", "uvloop")

PEERS: tuple[Peer, ...] = (
    Peer(
        name="huey",
        adapter="for_huey",
        packages=("huey",),
        store="sqlite",
        durable="each write synced",
        running="lost: it is deleted when it is taken",
    ),
    Peer(
        name="taskito",
        adapter="for_taskito",
        packages=("taskito",),
        store="sqlite",
        durable="not synced at each commit",
        running="run again",
    ),
    Peer(
        name="honker",
        adapter="",
        packages=("honker",),
        store="sqlite",
        durable="not synced at each commit",
        running="run again",
    ),
    Peer(
        name="celery",
        adapter="for_celery",
        packages=("celery[redis]", "hiredis"),
        store="redis",
        durable=_REDIS,
        running="lost: it is acknowledged when it is taken",
    ),
    Peer(
        name="dramatiq",
        adapter="for_dramatiq",
        packages=("dramatiq[redis]", "hiredis"),
        store="redis",
        durable=_REDIS,
        running="run again after a minute",
    ),
    Peer(
        name="taskiq",
        adapter="for_taskiq",
        packages=("taskiq", "taskiq-redis", "hiredis", "uvloop"),
        store="redis",
        durable=_REDIS,
        running="lost: it is deleted when it is taken",
    ),
    Peer(
        name="taskiq-stream",
        adapter="for_taskiq",
        packages=("taskiq", "taskiq-redis", "hiredis", "uvloop"),
        store="redis",
        durable=_REDIS,
        running="run again after ten minutes",
    ),
    Peer(
        name="saq",
        adapter="for_saq",
        packages=_SAQ,
        store="redis",
        durable=_REDIS,
        running="run again when it is swept",
    ),
    Peer(
        name="arq",
        adapter="for_arq",
        packages=("arq", "hiredis", "uvloop"),
        store="redis",
        durable=_REDIS,
        running="run again when its time is over",
    ),
    Peer(
        name="rq",
        adapter="for_rq",
        packages=("rq", "hiredis"),
        store="redis",
        durable=_REDIS,
        running="counted as failed",
        slow=4,
    ),
    Peer(
        name="saq-postgres",
        adapter="for_saq",
        packages=_SAQ,
        store="postgresql",
        durable=_POSTGRES,
        running="run again when it is swept",
        slow=4,
    ),
    Peer(
        name="pgqueuer",
        adapter="for_pgqueuer",
        packages=("pgqueuer[asyncpg]", "uvloop"),
        store="postgresql",
        durable=_POSTGRES,
        running="run again when its heartbeat is old",
    ),
    Peer(
        name="chancy",
        adapter="for_chancy",
        packages=("chancy", "uvloop"),
        store="postgresql",
        durable=_POSTGRES,
        running="run again when its worker is found dead",
    ),
    Peer(
        name="procrastinate",
        adapter="for_procrastinate",
        packages=("procrastinate", "psycopg[binary]", "uvloop"),
        store="postgresql",
        durable=_POSTGRES,
        running="run again where the application asks for it",
        slow=4,
    ),
    Peer(
        name="oban",
        adapter="for_oban",
        packages=("oban", "uvloop"),
        store="postgresql",
        durable=_POSTGRES,
        running="run again when its lease is over",
    ),
)
