import pytest

from web.inputs import LARGEST_BODY

JSON = {"Content-Type": "application/json"}


async def enqueue(visitor, body, headers=None):
    return await visitor.send("POST", "/admin/jobs", body=body, headers={**JSON, **(headers or {})})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{]",
        b'{"type": "echo",}',
        b"{'type': 'echo'}",
        b"\xef\xbb\xbf{}",
        '{"type": "echo"}'.encode("utf-16"),
        b'{"type": "\xff"}',
        b'{"type": "\xed\xa0\x80"}',
        b'{"type": "\\ud800"}',
        b'{"type": "echo", "payload": {"message": "\\udfff"}}',
        b'{"type": "echo", "payload": {"message": NaN}}',
        b'{"type": "echo", "delaySeconds": Infinity}',
        b'{"type": "echo", "delaySeconds": -Infinity}',
        b'{"type": "echo", "payload": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"type": "echo", "priority": ' + b"9" * 5_000 + b"}",
    ],
)
async def test_what_is_not_json_is_malformed(visitor, deployment, body):
    answer = await enqueue(visitor, body)

    assert answer.status == 400
    assert answer.media == "application/problem+json"
    assert not (await deployment.queue.jobs()).items


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b"null", "body"),
        (b'"echo"', "body"),
        (b"1e400", "body"),
        (b"{}", "type"),
        (b'{"type": 1}', "type"),
        (b'{"type": null}', "type"),
        (b'{"type": "nobody-knows"}', "type"),
        (b'{"type": "echo", "payload": []}', "payload"),
        (b'{"type": "echo", "payload": {"message": 1}}', "payload.message"),
        (b'{"type": "echo", "payload": {"other": 1}}', "payload.other"),
        (b'{"type": "echo", "payload": {"message": "\\u0000"}}', "payload"),
        (b'{"type": "echo", "payload": {"message": 1e999}}', "payload"),
        (b'{"type": "echo", "payload": {"message": "' + b"x" * 70_000 + b'"}}', "payload"),
        (b'{"type": "echo", "delaySeconds": 1e999}', "delaySeconds"),
        (b'{"type": "echo", "delaySeconds": -1}', "delaySeconds"),
        (b'{"type": "echo", "delaySeconds": 1e12}', "delaySeconds"),
        (b'{"type": "echo", "priority": 101}', "priority"),
        (b'{"type": "echo", "priority": -1}', "priority"),
        (b'{"type": "echo", "priority": 1.5}', "priority"),
        (b'{"type": "echo", "priority": ' + b"9" * 4_000 + b"}", "priority"),
        (b'{"type": "echo", "priority": "SOON"}', "priority"),
        (b'{"type": "echo", "key": ""}', "key"),
        (b'{"type": "echo", "key": "a\\nb"}', "key"),
        (b'{"type": "echo", "key": "' + b"k" * 256 + b'"}', "key"),
        (b'{"type": "echo", "dependsOn": [1]}', "dependsOn.0"),
    ],
)
async def test_json_that_does_not_fit_names_its_field(visitor, deployment, body, field):
    answer = await enqueue(visitor, body)

    assert answer.status == 422
    assert answer.fields == [field]
    assert not (await deployment.queue.jobs()).items


async def test_every_field_at_fault_is_named_up_to_a_bound(visitor):
    several = await enqueue(visitor, b'{"type": 1, "priority": 500, "b": 1}')
    many = await enqueue(visitor, b"{" + b",".join(b'"x%d": 1' % n for n in range(5_000)) + b"}")

    assert sorted(several.fields) == ["b", "priority", "type"]
    assert len(many.fields) == 50


@pytest.mark.parametrize(
    "media",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""],
)
async def test_another_media_type_is_refused(visitor, media):
    answer = await enqueue(visitor, b'{"type": "echo"}', {"Content-Type": media})
    assert answer.status == 415


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "application/vnd.api+json"])
async def test_json_by_another_name_is_read(visitor, media):
    assert (await enqueue(visitor, b'{"type": "echo"}', {"Content-Type": media})).status == 201


async def test_a_body_above_the_limit_is_refused_and_one_at_the_limit_is_read(visitor):
    head = b'{"type": "echo", "padding": "'
    at_limit = head + b"x" * (LARGEST_BODY - len(head) - 2) + b'"}'

    assert len(at_limit) == LARGEST_BODY == 1024 * 1024
    assert (await enqueue(visitor, at_limit)).status == 422
    assert (await enqueue(visitor, at_limit + b" ")).status == 413


async def test_a_body_may_be_left_out_where_nothing_in_it_is_needed(visitor):
    assert (await visitor.send("POST", "/admin/dlq/retry")).json == {"retried": 0}
    assert (await visitor.send("POST", "/admin/jobs")).status == 415


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("cursor=-1", "cursor"),
        ("cursor=9223372036854775808", "cursor"),
        ("cursor=" + "9" * 5_000, "cursor"),
        ("status=done", "status"),
        ("type=" + "x" * 101, "type"),
        ("limit=1&limit=2", "limit"),
        ("order=id;drop", "order"),
    ],
)
async def test_a_query_that_does_not_fit_names_its_field(visitor, query, field):
    answer = await visitor.get(f"/admin/jobs?{query}")

    assert answer.status == 422
    assert answer.fields == [field]


@pytest.mark.parametrize("query", ["type=%ff", "type=%00", "type=%ed%a0%80", "type=' OR 1=1 --", "type=%25"])
async def test_a_query_for_something_odd_finds_nothing(visitor, query):
    assert (await visitor.get(f"/admin/jobs?{query}")).json["jobs"] == []


@pytest.mark.parametrize(
    "job_id", ["0", "7", "9" * 18, "9" * 19, "9" * 5_000, "-1", "x", "1.5", "%00", "%ff", "٣"]
)
async def test_a_job_that_cannot_be_is_not_found(visitor, job_id):
    assert (await visitor.get(f"/admin/jobs/{job_id}")).status == 404
