import pytest

from runtime.errors import DatabaseError
from runtime.model.records import QueueStats, Status, TypeStatus
from runtime.testing import running_worker
from tests.web.obedient import Echo
from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.api.health import judge_queue
from web.app import create_app
from web.site import site_of

QUIET = QueueStats(
    pending=0,
    processing=0,
    scheduled=0,
    blocked=0,
    completed=0,
    failed=0,
    cancelled=0,
    completed_last_hour=0,
    failed_last_hour=0,
    completed_per_minute=0,
    failure_rate=0,
    oldest_pending_seconds=None,
    unreviewed_dead_letters=0,
    by_type=(),
)


def stats(**changed):
    return QueueStats(**{name: getattr(QUIET, name) for name in QUIET.__slots__} | changed)


async def test_all_is_well_while_a_worker_runs(visitor, deployment):
    async with running_worker(deployment):
        answer = await visitor.get("/health")

    assert answer.status == 200
    assert answer.json["status"] == "ok"
    assert {check["status"] for check in answer.json["checks"].values()} == {"up"}


async def test_without_a_worker_it_is_degraded(visitor):
    answer = await visitor.get("/health")

    assert (answer.status, answer.json["status"]) == (200, "degraded")
    assert answer.json["checks"]["workers"] == {"status": "warning", "message": "no worker is running"}


@pytest.mark.parametrize(
    ("at_limit", "beyond", "complaint"),
    [
        ({"pending": 1000}, {"pending": 1001}, "1001 jobs are pending"),
        ({"oldest_pending_seconds": 1800}, {"oldest_pending_seconds": 1860}, "waited 31 minutes"),
        ({"unreviewed_dead_letters": 10}, {"unreviewed_dead_letters": 11}, "11 dead letters"),
    ],
)
def test_a_queue_beyond_a_threshold_is_warned_of(at_limit, beyond, complaint):
    assert judge_queue(stats(**at_limit), []).status == "up"
    warned = judge_queue(stats(**beyond), [])
    assert warned.status == "warning"
    assert complaint in warned.message


def test_pending_jobs_of_a_type_that_nobody_knows_are_warned_of():
    known = TypeStatus(type="echo", paused=False, known=True, counts={Status.PENDING: 1})
    gone = TypeStatus(type="old", paused=False, known=False, counts={Status.PENDING: 1})
    done = TypeStatus(type="older", paused=False, known=False, counts={Status.COMPLETED: 1})

    check = judge_queue(stats(), [known, gone, done])

    assert check.status == "warning"
    assert check.message == "no worker knows the type of pending jobs: old"


class Down:
    """A queue whose database is gone."""

    def __getattr__(self, name):
        async def fail(*args, **kwargs):
            raise DatabaseError("disk I/O error in /var/lib/secret.db")

        return fail


async def test_without_its_database_it_is_unhealthy(deployment):
    app = create_app(deployment, admin=AdminPolicy())
    object.__setattr__(site_of(app).deployment, "queue", Down())

    answer = await Visitor(app).get("/health")

    assert (answer.status, answer.json["status"]) == (503, "unhealthy")
    assert answer.json["checks"]["database"]["status"] == "down"
    assert "secret.db" not in answer.text


async def test_health_is_for_everybody_and_tells_nothing_private(guarded, deployment):
    await deployment.queue.enqueue(Echo(message="private"))
    visitor = Visitor(guarded, address="203.0.113.9")
    for path in ("/health", "/livez", "/readyz"):
        answer = await visitor.get(path)
        assert answer.status == 200
        assert "private" not in answer.text
