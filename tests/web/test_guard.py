import pytest
from quart import Blueprint, Response

from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.app import create_app
from web.guard import HEADERS, host_name, is_public, public
from web.site import site_of
from web.storefront import blueprints

OPEN = {
    *(
        "GET /health",
        "GET /livez",
        "GET /readyz",
        "GET /openapi.json",
        "GET /docs",
        "GET /static/<path:name>",
    ),
    *("GET /", "GET /login", "POST /login"),
    *("POST /orders", "GET /orders/<order_id>", "GET /orders/<order_id>/events"),
    *("GET /orders/<order_id>/invoice.pdf", "GET /products"),
}


def rules(app):
    """Every route with each of its methods, and a path that leads to it."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            path = rule.rule
            for name in rule.arguments:
                path = (
                    path.replace(f"<id:{name}>", "1").replace(f"<path:{name}>", "x").replace(f"<{name}>", "x")
                )
            yield rule, method, path


@pytest.fixture
def shop_site(shop, token):
    return create_app(shop, admin=AdminPolicy(token), blueprints=blueprints())


async def test_only_these_routes_are_public(shop_site):
    assert {
        f"{method} {rule.rule}"
        for rule, method, _ in rules(shop_site)
        if is_public(shop_site.view_functions[rule.endpoint])
    } == OPEN


async def test_every_other_route_asks_for_the_token(shop_site):
    visitor = Visitor(shop_site, address="203.0.113.9")
    asked = 0
    for rule, method, path in rules(shop_site):
        if not is_public(shop_site.view_functions[rule.endpoint]):
            answer = await visitor.send(method, path)
            assert answer.status == 401, f"{method} {path}"
            asked += 1
    assert asked > 20


async def test_every_route_lets_an_operator_in(shop_site, token):
    visitor = Visitor(shop_site, address="203.0.113.9", headers={"Authorization": f"Bearer {token}"})
    for _, method, path in rules(shop_site):
        assert (await visitor.send(method, path)).status not in {401, 429}, f"{method} {path}"


async def test_a_view_of_an_application_that_says_nothing_is_for_operators(deployment, token):
    blueprint = Blueprint("own", __name__)

    @blueprint.get("/closed")
    async def closed() -> Response:
        return Response("secret")

    @blueprint.get("/open")
    @public
    async def opened() -> Response:
        return Response("welcome")

    visitor = Visitor(create_app(deployment, admin=AdminPolicy(token), blueprints=[blueprint]))

    assert (await visitor.get("/closed")).status == 401
    assert (await visitor.get("/open")).text == "welcome"


@pytest.mark.parametrize("path", ["/admin/nothing", "/admin", "/dashboard/nothing", "/metrics/x"])
async def test_what_does_not_exist_below_private_paths_is_private_too(guarded, path):
    assert (await Visitor(guarded).get(path)).status == 401


async def test_a_method_that_does_not_exist_says_nothing_to_strangers(guarded):
    assert (await Visitor(guarded).send("DELETE", "/admin/jobs")).status == 401


async def test_without_a_token_strangers_are_forbidden(app):
    visitor = Visitor(app, address="203.0.113.9")
    assert (await visitor.get("/admin/queue/stats")).status == 403
    assert (await visitor.get("/metrics")).status == 403
    assert (await visitor.get("/dashboard")).status == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"])
async def test_without_a_token_what_a_proxy_sends_on_is_forbidden(visitor, header):
    assert (await visitor.send("GET", "/admin/queue/stats", headers={header: "127.0.0.1"})).status == 403


async def test_a_client_cannot_say_where_it_is(app):
    visitor = Visitor(app, address="203.0.113.9")
    answer = await visitor.send("GET", "/admin/queue/stats", headers={"Remote-Addr": "127.0.0.1"})
    assert answer.status == 403


async def test_every_answer_carries_the_headers_that_protect_it(shop_site, token):
    visitors = [Visitor(shop_site), Visitor(shop_site, headers={"Authorization": f"Bearer {token}"})]
    answers = [
        await visitor.send(method, path) for visitor in visitors for _, method, path in rules(shop_site)
    ]
    answers += [await visitors[0].get("/nothing"), await visitors[0].send("PATCH", "/orders")]
    answers += [await visitors[0].send("GET", "/health", headers={"Host": "evil.example"})]
    for answer in answers:
        for name, value in HEADERS.items():
            if name not in {"Cache-Control", "Content-Security-Policy"}:
                assert answer.headers[name] == value
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers
        assert answer.headers["X-Request-Id"]


async def test_nothing_but_static_files_is_kept_by_browsers(visitor):
    for path in ("/dashboard", "/admin/jobs", "/health", "/nothing"):
        assert (await visitor.get(path)).headers["Cache-Control"] == "no-store"
    assert (await visitor.get("/static/style.css")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "localhost.evil.example", "[::2]"])
async def test_a_host_that_is_not_ours_is_refused_on_every_route(shop, host):
    app = create_app(shop, admin=AdminPolicy(), blueprints=blueprints())
    visitor = Visitor(app)
    for _, method, path in rules(app):
        assert (await visitor.send(method, path, headers={"Host": host})).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
async def test_our_own_names_are_answered(visitor, host):
    assert (await visitor.send("GET", "/health", headers={"Host": host})).status == 200


async def test_any_host_is_answered_where_none_is_named(deployment, token):
    app = create_app(deployment, admin=AdminPolicy(token), hosts=None)
    assert (await Visitor(app).send("GET", "/livez", headers={"Host": "shop.example"})).status == 200


def test_a_host_header_is_read_without_its_port():
    assert host_name("Shop.Example:80") == "shop.example"
    assert host_name("[::1]:80") == "::1"
    assert host_name("[::1]") == "::1"
    assert host_name("shop.example") == "shop.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
async def test_what_another_site_sends_changes_nothing(visitor, deployment, headers):
    answer = await visitor.send("POST", "/admin/jobs", json={"type": "echo"}, headers=headers)

    assert answer.status == 403
    assert not (await deployment.queue.jobs()).items


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    ],
)
async def test_what_programs_and_our_own_pages_send_is_done(visitor, headers):
    answer = await visitor.send("POST", "/admin/jobs", json={"type": "echo"}, headers=headers)
    assert answer.status == 201


async def test_looking_from_another_site_is_no_change_and_is_allowed(visitor):
    assert (await visitor.send("GET", "/dashboard", headers={"Sec-Fetch-Site": "cross-site"})).status == 200


async def test_a_request_with_two_lengths_is_refused(visitor):
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
    assert (await visitor.send("POST", "/admin/jobs", json={}, headers=headers)).status == 400


async def test_a_request_id_is_taken_over_if_it_is_harmless(visitor):
    kept = await visitor.get("/health", X_Request_Id="trace-0123.4_5")
    replaced = await visitor.get("/health", X_Request_Id="<script>alert(1)</script>")

    assert kept.headers["X-Request-Id"] == "trace-0123.4_5"
    assert "<" not in replaced.headers["X-Request-Id"]


async def test_a_stopping_server_takes_nothing_new_but_says_how_it_is(app, visitor):
    site_of(app).stopping.set()

    refused = await visitor.post("/admin/jobs", {"type": "echo"})

    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Connection"] == "close"
    assert (await visitor.get("/livez")).status == 200
    assert (await visitor.get("/readyz")).status == 503


async def test_looking_changes_nothing(shop, token):
    site = create_app(shop, admin=AdminPolicy(token), blueprints=blueprints())
    visitor = Visitor(site, headers={"Authorization": f"Bearer {token}"})
    before = await shop.queue.stats(), await shop.queue.limits(), await shop.queue.schedules()

    for rule, method, path in rules(site):
        if method == "GET" and not rule.rule.endswith("/events"):
            await visitor.send(method, path)

    assert (await shop.queue.stats(), await shop.queue.limits(), await shop.queue.schedules()) == before
