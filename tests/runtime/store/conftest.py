"""The store on both databases: a test that takes `store` runs twice."""

import pytest

from tests.runtime.store.synchronous import Store


@pytest.fixture(params=["sqlite", "postgres"])
def store(request):
    if request.param == "sqlite":
        return Store()
    from tests.runtime.store.synchronous_postgres import PostgresStore

    return PostgresStore(request.getfixturevalue("postgres_place"))


@pytest.fixture
def sqlite_store():
    """For what only SQLite lets one see."""
    return Store()
