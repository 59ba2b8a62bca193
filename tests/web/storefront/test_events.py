import json
from contextlib import asynccontextmanager

import pytest
import trio

from runtime.testing import drain
from tests.web.storefront.test_orders import order
from web import streams
from web.errors import TooManyStreams
from web.site import site_of
from web.storefront.events import OrderStream


@pytest.fixture
async def placed(customer):
    return (await customer.post("/orders", order())).json["id"]


@pytest.fixture
def site(customer):
    return site_of(customer.app)


@asynccontextmanager
async def following(site, order_id):
    async with OrderStream(site, order_id) as stream:
        yield stream


def status_of(event):
    lines = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    assert lines["event"] == "status"
    assert lines["id"] == json.loads(lines["data"])["status"]
    return lines["id"]


async def test_the_stream_tells_each_status_once_and_ends_when_the_order_is_completed(
    customer, shop, placed, site, autojump_clock
):
    told = []
    async with following(site, placed) as stream:
        async for event in stream:
            told.append(status_of(event))
            if len(told) == 1:
                await drain(shop)

    assert told == ["paid", "completed"]


async def test_a_completed_order_is_told_and_that_is_all(customer, shop, placed, site, autojump_clock):
    await drain(shop)
    async with following(site, placed) as stream:
        assert [status_of(event) async for event in stream] == ["completed"]


async def test_a_stream_shows_that_it_lives_while_nothing_changes(customer, placed, site, autojump_clock):
    async with following(site, placed) as stream:
        await anext(stream)
        started = trio.current_time()
        assert await anext(stream) == streams.HEARTBEAT

    assert streams.SILENCE <= trio.current_time() - started < streams.SILENCE + streams.POLL


async def test_a_stream_ends_after_five_minutes(customer, placed, site, autojump_clock):
    started = trio.current_time()
    async with following(site, placed) as stream:
        events = [event async for event in stream]

    assert streams.LONGEST <= trio.current_time() - started < streams.LONGEST + streams.POLL
    assert events.count(streams.HEARTBEAT) == len(events) - 1 >= 18


async def test_a_stream_ends_when_the_server_stops(customer, placed, site, autojump_clock):
    async with following(site, placed) as stream:
        await anext(stream)
        site.stopping.set()
        assert [event async for event in stream] == []


async def test_streams_are_counted_and_too_many_refused(customer, placed, site, autojump_clock):
    site.streams._most = 1
    async with following(site, placed) as stream:
        await anext(stream)
        with pytest.raises(TooManyStreams):
            OrderStream(site, placed).response()
        assert (await customer.get(f"/orders/{placed}/events")).status == 503
    OrderStream(site, placed).response()


async def test_a_client_that_has_seen_the_end_is_told_to_stay_away(customer, shop, placed):
    await drain(shop)
    again = await customer.get(f"/orders/{placed}/events", Last_Event_ID="completed")
    first = await customer.get(f"/orders/{placed}/events")

    assert again.status == 204
    assert (first.status, first.media) == (200, "text/event-stream")
    assert status_of(first.body) == "completed"
