"""The bare pair passes every row on, durably or not, and leaves nothing on a server."""

import psycopg
import pytest

from bench.bare_pickup import bare_pickups
from bench.setting import Setting
from runtime.db.location import parse_location

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.parametrize("durable", [True, False])
async def test_every_row_is_passed_on_by_a_file(tmp_path, durable):
    setting = Setting(jobs=5, workers=1, folder=tmp_path, durable=durable)

    taken = await bare_pickups(setting, 5)

    assert len(taken) == 5
    assert all(0 < milliseconds < 5000 for milliseconds in taken)


async def test_every_row_is_passed_on_by_a_server_which_keeps_nothing_of_it(tmp_path, postgres_url):
    setting = Setting(jobs=5, workers=1, folder=tmp_path, db=postgres_url)

    assert len(await bare_pickups(setting, 5)) == 5

    with psycopg.connect(parse_location(postgres_url).conninfo) as connection:
        assert connection.execute("SELECT to_regclass('bare_pickup')").fetchone() == (None,)
