"""The database held by another program for long: the site says so, workers wait, nobody is taken for dead."""

import time

import pytest

from tests.system.harness import Deployment, Site
from tests.system.process import eventually
from tests.system.torture_app import Echo, Effect, Sleep

pytestmark = [pytest.mark.slow, pytest.mark.system]

ORDER = {
    "userId": "ada",
    "email": "ada@example.com",
    "items": [{"productId": "prod-1", "quantity": 1}],
    "paymentToken": "tok_ok",
}


STALE_AFTER = 2


def test_an_order_is_refused_for_now_and_taken_afterwards(shop: Deployment, measured):
    up = Site(shop.start("up", "--port", "0"))
    assert up.process.until("worker started")
    with shop.locked():
        began = time.monotonic()
        refused = up.post("/orders", ORDER)
        took = time.monotonic() - began
        assert up.process.until("database not usable for now", piece="dispatcher")

    measured("request to refusal", took, "s")
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert took < 6.5
    assert up.post("/orders", ORDER).status == 201
    eventually(lambda: shop.rows("SELECT status FROM orders") == [("completed",)])
    assert shop.rows("SELECT stock FROM products WHERE id = 'prod-1'") == [(49,)]


@pytest.mark.torture
# A write waits for 5 s: at the end one is waiting still, or was refused already.
@pytest.mark.parametrize("beyond", [1, 4])
def test_workers_wait_and_go_on_where_they_were(torture: Deployment, measured, beyond):
    (ends_meanwhile, goes_on) = torture.enqueue(Effect(seconds=0.3), Sleep(seconds=beyond + 4))
    workers = [torture.worker("--stale-after", str(STALE_AFTER)) for _ in range(2)]
    torture.until_noted("start", ends_meanwhile)
    torture.until_noted("start", goes_on)
    torture.enqueue(*[Echo()] * 20)
    with torture.locked():
        torture.until_noted("end", ends_meanwhile)
        eventually(lambda: torture.silence() > STALE_AFTER + beyond)

    released = time.monotonic()
    (job,) = torture.enqueue(Echo())

    torture.until_noted("start", job)
    measured("released to a start", time.monotonic() - released, "s")
    torture.until(ends_meanwhile, "completed")
    torture.until(goes_on, "completed")
    eventually(lambda: not torture.rows("SELECT id FROM jobs WHERE status != 'completed'"))
    assert len(torture.notes("start")) == len(torture.rows("SELECT id FROM jobs"))  # nothing ran twice
    assert torture.rows("SELECT * FROM job_attempts") == []
    for worker in workers:
        assert not worker.said("jobs of a dead worker given back")
