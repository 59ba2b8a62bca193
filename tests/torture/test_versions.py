"""Two versions side by side (T12): neither touches what only the other knows; a newer schema is noticed."""

import json

import pytest

from tests.system.process import eventually
from tests.torture.application import Newer, Work
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]

OLDER = "tests.torture.application:older"


def test_a_version_leaves_alone_what_it_does_not_know(siege, dice, blows):
    newer = siege.enqueue(*[Newer()] * 10, app=siege.app)
    siege.store(*[Work(seconds=0.1)] * 20)
    for _ in range(blows(1, 10)):  # rolled out, back, and out again
        siege.enqueue(*[Newer()] * 3, app=siege.app)
        old = siege.start("worker", "--workers", "4", CRECHE_APP=OLDER)
        old.until("worker started")
        pause(dice.uniform(0.2, 0.8))
        assert siege.rows("SELECT count(*) FROM jobs WHERE type = 'newer' AND claims > 0")[0] in {
            (0,),
            (siege.rows("SELECT count(*) FROM jobs WHERE type = 'newer' AND status = 'completed'")[0]),
        }
        siege.kill(old)
    siege.worker()
    siege.drain()

    assert siege.verdict() == {}
    assert siege.rows("SELECT DISTINCT attempts, claims FROM jobs WHERE type = 'newer'") == [(1, 1)]
    assert {siege.status(job) for job in newer} == {"completed"}


def test_code_that_is_older_than_the_schema_refuses_to_start_and_is_not_ready(siege):
    up = siege.up()
    assert siege.site_at().get("/readyz").status == 200
    siege.change("INSERT INTO creche_migrations VALUES ('runtime', 9999, 'of_the_future', 0)")

    refused = siege.command("worker")

    assert refused.returncode == 2
    assert "newer" in refused.stderr
    eventually(lambda: siege.site_at().get("/readyz").status == 503)
    assert "schema" in json.loads(siege.site_at().get("/readyz").body)["reason"]
    assert up.running
    siege.change("DELETE FROM creche_migrations WHERE number = 9999")
    eventually(lambda: siege.site_at().get("/readyz").status == 200)
