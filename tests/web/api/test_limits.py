import pytest

from runtime.cli.shapes import limit_json


async def test_a_limit_is_set_listed_and_removed(visitor):
    put = await visitor.send("PUT", "/admin/limits/echo", json={"rate": "60/m", "burst": 10})

    limit = {
        "type": "echo", "rate": "60/m:10", "perSecond": 1.0, "burst": 10.0, "tokens": 10.0,
        "concurrency": None, "running": None, "keyRate": None, "keyConcurrency": None,
    }  # fmt: skip
    assert (put.status, put.json) == (200, limit)
    assert (await visitor.get("/admin/limits")).json == {"limits": [limit]}
    assert (await visitor.send("DELETE", "/admin/limits/echo")).status == 204
    assert (await visitor.get("/admin/limits")).json == {"limits": []}


async def test_the_command_prints_the_same(visitor, deployment):
    await deployment.queue.set_limit("echo", "60/m", 10)

    [limit] = (await visitor.get("/admin/limits")).json["limits"]

    printed = limit_json((await deployment.queue.limits())[0])
    assert limit.keys() == printed.keys()
    assert (limit["rate"], limit["perSecond"]) == (printed["rate"], printed["perSecond"])


async def test_what_is_listed_can_be_set_again(visitor):
    listed = (await visitor.send("PUT", "/admin/limits/echo", json={"rate": "0.5/s:3"})).json
    again = await visitor.send("PUT", "/admin/limits/echo", json={"rate": listed["rate"]})
    assert again.json["rate"] == listed["rate"] == "0.5/s:3"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rate"),
        ({"rate": "fast"}, "rate"),
        ({"rate": "-1/s"}, "rate"),
        ({"rate": "0/s"}, "rate"),
        ({"rate": "off"}, "rate"),
        ({"rate": "1/s" * 50}, "rate"),
        ({"rate": 60}, "rate"),
        ({"rate": "60/m", "burst": 0}, "burst"),
        ({"rate": "60/m", "burst": "many"}, "burst"),
        ({"burst": 5}, "rate"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 1_000_001}, "concurrency"),
        ({"concurrency": "five"}, "concurrency"),
        ({"keyConcurrency": 1.5}, "keyConcurrency"),
        ({"keyRate": "often"}, "keyRate"),
        ({"rate": "1/s", "keyRate": "off"}, "keyRate"),
    ],
)
async def test_a_limit_that_is_none_is_refused(visitor, body, field):
    before = [limit["rate"] for limit in (await visitor.get("/admin/limits")).json["limits"]]

    answer = await visitor.send("PUT", "/admin/limits/echo", json=body)

    assert (answer.status, answer.fields) == (422, [field])
    assert [limit["rate"] for limit in (await visitor.get("/admin/limits")).json["limits"]] == before


async def test_limits_beside_the_rate_are_set_kept_and_removed_by_null(visitor):
    put = await visitor.send(
        "PUT", "/admin/limits/echo", json={"concurrency": 5, "keyRate": "60/m:1", "keyConcurrency": 2}
    )
    limit = {
        "type": "echo", "rate": "120/m:10", "perSecond": 2.0, "burst": 10.0, "tokens": 10.0,
        "concurrency": 5, "running": 0, "keyRate": "60/m:1", "keyConcurrency": 2,
    }  # fmt: skip
    assert (put.status, put.json) == (200, limit)

    changed = await visitor.send(
        "PUT", "/admin/limits/echo", json={"rate": None, "concurrency": 7, "keyRate": None}
    )

    assert (changed.json["rate"], changed.json["concurrency"]) == (None, 7)
    assert (changed.json["keyRate"], changed.json["keyConcurrency"]) == (None, 2)


async def test_null_for_what_is_not_there_changes_nothing(visitor):
    body = {"rate": "1/s", "concurrency": None, "keyRate": None, "keyConcurrency": None}

    assert (await visitor.send("PUT", "/admin/limits/echo", json=body)).json["rate"] == "1/s"
    again = await visitor.send("PUT", "/admin/limits/echo", json={"concurrency": None})
    assert (again.status, again.json["rate"]) == (200, "1/s")


@pytest.mark.parametrize("field", ["keyRate", "keyConcurrency"])
async def test_limits_of_keys_for_a_type_without_keys_are_refused(visitor, field):
    body = {"rate": "1/s", field: "1/s" if field == "keyRate" else 1}

    answer = await visitor.send("PUT", "/admin/limits/fail", json=body)

    assert (answer.status, answer.fields) == (422, [field])
    assert "fail" not in [limit["type"] for limit in (await visitor.get("/admin/limits")).json["limits"]]


async def test_a_type_that_nobody_knows_has_no_limit(visitor):
    assert (await visitor.send("PUT", "/admin/limits/nothing", json={"rate": "1/s"})).status == 404
    assert (await visitor.send("DELETE", "/admin/limits/nothing")).status == 404
