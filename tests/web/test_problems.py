import pytest
import trio
from quart import Blueprint, Response

from runtime.db.base import UniqueViolation
from runtime.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    FieldError,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.app import create_app
from web.site import site_of

SECRET = "postgresql://admin:hunter2@db/shop"


class Told:
    """Remembers which mistakes were logged."""

    def __init__(self, events):
        self._events = events
        self.mistakes = []

    def __getattr__(self, name):
        return getattr(self._events, name)

    def request_failed(self, request_id, method, path, error):
        self.mistakes.append((request_id, method, path, error))


@pytest.fixture
def fail(deployment):
    """Answer a request whose view raises that error; give the answer, and what was logged of it."""

    async def fail(error):
        blueprint = Blueprint("own", __name__)

        @blueprint.get("/fail")
        async def view() -> Response:
            raise error

        app = create_app(deployment, admin=AdminPolicy(), blueprints=[blueprint])
        told = Told(site_of(app).events)
        object.__setattr__(site_of(app), "events", told)
        return await Visitor(app).get("/fail"), told.mistakes

    return fail


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (InvalidInput("bad"), 422, "Invalid input"),
        (NotFound("no job 7"), 404, "Not found"),
        (NotAllowed("it runs"), 409, "Not allowed in this state"),
        (DatabaseBusy("busy"), 503, "Database busy"),
        (DatabaseFull("full"), 503, "No space left"),
        (DatabaseError("broken"), 503, "Database unavailable"),
    ],
)
async def test_an_expected_error_is_answered_by_the_table(fail, error, status, title):
    answer, mistakes = await fail(error)

    assert answer.status == status
    assert answer.media == "application/problem+json"
    assert answer.json["title"] == title
    assert answer.json["type"] == "urn:creche:problem:" + title.lower().replace(" ", "-")
    assert not mistakes


async def test_the_fields_at_fault_are_listed(fail):
    answer, _ = await fail(InvalidInput("bad", [FieldError("items.0.quantity", "must be above 0")]))
    assert answer.json["errors"] == [{"field": "items.0.quantity", "message": "must be above 0"}]


@pytest.mark.parametrize("error", [DatabaseBusy(SECRET), DatabaseFull(SECRET), DatabaseError(SECRET)])
async def test_trouble_with_the_database_says_when_to_try_again_and_nothing_else(fail, error):
    answer, _ = await fail(error)

    assert int(answer.headers["Retry-After"]) > 0
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        RecursionError(SECRET),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, SECRET),
        trio.TooSlowError(SECRET),
        UniqueViolation(SECRET),
        ConfigurationError(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
    ],
)
async def test_a_mistake_of_ours_is_logged_and_not_told(fail, error):
    answer, mistakes = await fail(error)

    assert answer.status == 500
    assert answer.media == "application/problem+json"
    assert "hunter2" not in answer.text
    [(request_id, method, path, logged)] = mistakes
    assert (request_id, method, path) == (answer.json["requestId"], "GET", "/fail")
    assert logged is error or logged in getattr(error, "exceptions", ())


async def test_what_is_not_there_is_a_problem_too(visitor):
    answer = await visitor.get("/nothing")
    assert (answer.status, answer.media) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path", ["/.//admin/jobs", "/%2e%2e/admin/jobs", "/health/", "/%ff", "/%00", "/HEALTH"]
)
async def test_paths_have_one_spelling(guarded, path):
    assert (await Visitor(guarded).get(path)).status == 404


async def test_a_method_that_is_not_allowed_says_which_are(visitor):
    answer = await visitor.send("DELETE", "/health")

    assert answer.status == 405
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW"])
async def test_an_unknown_method_is_not_allowed(visitor, method):
    assert (await visitor.send(method, "/health")).status == 405


async def test_people_get_a_page(visitor):
    answer = await visitor.send(
        "POST", "/dashboard/dead-letters/1/retry", form={"form_token": "<b>forged</b>"}
    )

    assert (answer.status, answer.media) == (403, "text/html")
    assert answer.headers["X-Request-Id"] in answer.text
    assert "forged" not in answer.text
