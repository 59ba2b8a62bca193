"""Schedules (T13): whatever the number of tickers and however they die, each tick is one job."""

import pytest

from tests.system.process import eventually
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]

MINUTE = 60.0


def test_each_tick_is_one_job_whoever_sees_it_first(siege, dice, blows, size, measured):
    ticks = blows(120, 1000)
    siege.ask(lambda deployment: deployment.queue.stats())
    siege.change("UPDATE cron_schedules SET checked_until = checked_until - ?", MINUTE * ticks)
    workers = [siege.start("worker", "--workers", "2") for _ in range(size(3, 8))]
    workers[0].until("worker started")
    pause(dice.uniform(0, 0.2))
    siege.kill(workers.pop(0))
    for worker in workers:
        worker.until("worker started")
    eventually(
        lambda: siege.rows(
            "SELECT 1 FROM cron_schedules WHERE name = 'every' AND last_tick_at > ?", _recent(siege)
        )
    )
    siege.drain()
    eventually(lambda: not siege.rows("SELECT 1 FROM jobs WHERE status IN ('pending', 'processing')"))

    fired = siege.rows("SELECT count(*), count(DISTINCT tick_at), count(DISTINCT job_id) FROM cron_ticks")[0]
    (jobs,) = siege.rows("SELECT count(*) FROM jobs WHERE type = 'every'")[0]
    measured("ticks", fired[0])
    assert fired == (jobs, jobs, jobs)
    assert ticks - 1 <= jobs <= ticks + 2


def _recent(siege) -> float:
    (now,) = siege.rows("SELECT max(updated_at) FROM jobs")[0]
    return (now or 0.0) - 2 * MINUTE
