import trio

from web.inputs import BODY_SECONDS


async def test_a_body_that_does_not_arrive_is_not_waited_for(app, autojump_clock):
    """Straight to the application: the test client sends bodies whole."""
    parts = [{"type": "http.request", "body": b'{"type": ', "more_body": True}]
    sent = []

    async def receive():
        if parts:
            return parts.pop()
        await trio.sleep_forever()
        return None

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"100")]
    scope = {
        "type": "http",
        "asgi": {},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/admin/jobs",
        "raw_path": b"/admin/jobs",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "extensions": {},
    }
    await app(scope, receive, send)

    assert sent[0]["status"] == 408
    assert trio.current_time() == BODY_SECONDS


async def test_each_application_has_a_site_of_its_own(app, guarded):
    assert app.extensions["creche"] is not guarded.extensions["creche"]
    assert app.extensions["creche"].deployment is guarded.extensions["creche"].deployment
