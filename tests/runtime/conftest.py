"""The obedient application, opened in virtual time."""

import pytest

from runtime.testing import open_testing
from tests.runtime.obedient import Diary, make_app


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


@pytest.fixture
async def deployment(autojump_clock, path):
    async with open_testing(make_app(), path) as opened:
        yield opened


@pytest.fixture
def diary(deployment) -> Diary:
    return deployment.service(Diary)
