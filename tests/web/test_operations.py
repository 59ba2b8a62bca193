import pytest
from pydantic import BaseModel
from quart import Response

from runtime.errors import ConfigurationError
from web.operations import Reply, operation, operation_of, write


class Thing(BaseModel):
    name: str


def test_an_operation_is_described_by_its_annotations_and_its_docstring():
    @operation(status=201, problems=(409,), public=True)
    async def make(body: Thing, query: Thing, headers: Thing) -> Reply[Thing]:
        """Make a thing.

        And keep it.
        """

    described = operation_of(make)

    assert (described.name, described.summary, described.description) == (
        "make",
        "Make a thing",
        "And keep it.",
    )
    assert (described.body, described.query, described.headers, described.answer) == (Thing,) * 4
    assert (described.status, described.problems, described.public) == (201, (409,), True)


def test_a_page_is_no_operation():
    async def page() -> Response: ...

    assert operation_of(page) is None


def test_an_operation_that_does_not_say_what_it_takes_or_returns_is_refused():
    async def nothing(): ...
    async def text() -> str: ...
    async def body(body: str) -> Thing: ...

    for function in (nothing, text, body):
        with pytest.raises(ConfigurationError):
            operation()(function)


async def test_an_answer_is_written_by_its_model():
    plain = write(Thing(name="ü"), 200)
    dressed = write(Reply(Thing(name="x"), {"Location": "/x"}, status=202), 200)

    assert (plain.status_code, await plain.get_data()) == (200, '{"name":"ü"}'.encode())
    assert plain.content_type == "application/json"
    assert (dressed.status_code, dressed.headers["Location"]) == (202, "/x")


def test_a_whole_response_is_left_alone():
    response = Response(b"pdf")
    assert write(response, 201) is response


def test_anything_else_is_a_mistake():
    with pytest.raises(TypeError):
        write({"name": "x"}, 200)
