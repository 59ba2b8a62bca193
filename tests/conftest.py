"""What all tests share: virtual time, and an application whose handlers do what their jobs say."""

import logging

import pytest
import structlog


@pytest.fixture(autouse=True, scope="session")
def quiet_log():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
