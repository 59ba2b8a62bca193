"""Promises of `runtime/model/outcomes.py`."""

from contextlib import suppress
from typing import TypeVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.model.outcomes import MAX_ERROR_BYTES, Outcome, describe_error

ErrorT = TypeVar("ErrorT", bound=Exception)


def raised(exception: ErrorT) -> ErrorT:
    """The exception with a traceback, as a handler leaves it."""
    with suppress(Exception):
        raise exception
    return exception


def first_line(exception: BaseException) -> str:
    return describe_error(exception).splitlines()[0]


class HostileText(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text for you")


class NotText(Exception):
    def __str__(self) -> str:
        return 42  # type: ignore[return-value]  # noqa: PLE0307


class HostileGroup(ExceptionGroup[Exception]):
    @property
    def exceptions(self):  # type: ignore[no-untyped-def]
        raise RuntimeError("closed")


class HostileType(type):
    def __getattribute__(cls, name: str) -> object:
        if name == "__name__":
            raise RuntimeError("nameless")
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=HostileType):
    pass


def test_every_outcome_has_the_name_that_the_history_documents() -> None:
    assert sorted(kind.name for kind in get_args(Outcome)) == [
        "cancelled",
        "completed",
        "crashed",
        "failed",
        "interrupted",
        "snoozed",
        "timed_out",
    ]


def test_the_first_line_is_the_type_and_the_message() -> None:
    assert first_line(ValueError("stock is 0")) == "ValueError: stock is 0"
    assert first_line(KeyError("id")) == "KeyError: 'id'"


def test_an_exception_without_a_message_is_its_type() -> None:
    assert describe_error(TimeoutError()) == "TimeoutError"


def test_the_last_places_in_code_stand_below_without_source_or_values() -> None:
    def deep(secret: str) -> None:
        raise ValueError("deep")

    try:
        deep("hunter2")
    except ValueError as error:
        text = describe_error(error)
    *_, last = text.splitlines()
    assert "test_outcomes.py:" in last
    assert last.endswith("deep")
    assert "hunter2" not in text


def test_a_traceback_of_a_thousand_frames_is_cut_to_its_end() -> None:
    def fall(depth: int) -> None:
        if not depth:
            raise ValueError("bottom")
        fall(depth - 1)

    try:
        fall(800)
    except ValueError as error:
        lines = describe_error(error).splitlines()
    assert lines[0] == "ValueError: bottom"
    assert 2 <= len(lines) <= 10


def test_what_it_was_raised_from_is_named() -> None:
    error = RuntimeError("cannot send")
    error.__cause__ = ConnectionError("refused")
    assert describe_error(error).splitlines() == [
        "RuntimeError: cannot send",
        "  caused by ConnectionError: refused",
    ]


def test_a_cycle_of_causes_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert describe_error(one).splitlines() == ["ValueError: one", "  caused by ValueError: two"]


def test_a_group_is_a_summary_of_its_leaves() -> None:
    group = ExceptionGroup("x", [ValueError("a"), ExceptionGroup("y", [KeyError("b"), OSError("c")])])
    assert first_line(group) == "ExceptionGroup of 3: ValueError: a; KeyError: 'b'; OSError: c"


def test_a_group_of_one_reads_like_the_one_and_shows_where_it_came_from() -> None:
    group = ExceptionGroup("nursery", [raised(ValueError("inside"))])
    first, place = describe_error(group).splitlines()
    assert first == "ValueError: inside"
    assert place.endswith("in raised")


def test_a_group_of_thousands_shows_a_few_and_stays_short() -> None:
    text = describe_error(ExceptionGroup("x", [ValueError("y" * 5000)] * 900))
    assert text.endswith("and 895 more")
    assert len(text.encode()) <= MAX_ERROR_BYTES


def test_a_group_nested_ten_thousand_deep_is_described() -> None:
    group: ExceptionGroup[Exception] = ExceptionGroup("0", [ValueError("core")])
    for _ in range(9000):
        group = ExceptionGroup("n", [group])
    assert first_line(group) == "ValueError: core"


@pytest.mark.parametrize(
    "exception",
    [
        HostileText(),
        NotText(),
        Nameless("x"),
        HostileGroup("g", [ValueError()]),
        ExceptionGroup("g", [HostileText()]),
    ],
)
def test_an_exception_that_fights_back_is_described_all_the_same(exception: BaseException) -> None:
    assert "exception" in describe_error(exception) or "message cannot be read" in describe_error(exception)


def test_the_type_survives_where_the_message_does_not() -> None:
    assert first_line(HostileText()).startswith("HostileText: ")


def test_what_moves_a_cursor_or_cannot_be_stored_is_escaped() -> None:
    assert first_line(ValueError("a\x1b[2Jb\x00c\nd\ud800e\u202ef")) == (
        r"ValueError: a\x1b[2Jb\x00c\nd\ud800e\u202ef"
    )


def test_text_in_any_language_is_left_alone() -> None:
    assert first_line(ValueError("Größe 5 €, 在庫切れ 📦")) == "ValueError: Größe 5 €, 在庫切れ 📦"


def test_ten_megabytes_leave_room_for_the_traceback() -> None:
    text = describe_error(raised(ValueError("ä" * 10_000_000)))
    assert len(text.encode()) <= MAX_ERROR_BYTES
    assert text.splitlines()[-1].endswith("in raised")


@pytest.mark.parametrize(
    "message",
    [
        "cannot connect to postgresql://shop:hunter2@db.example/shop",
        "url 'redis://:hunter2@cache:6379/0'",
        "p://u:hunter2/with@odd:characters@host",
        "a=amqp://u:hunter2@one,amqp://v:hunter2@two",
        "connection to server failed: host=db user=shop password=hunter2 dbname=shop",
        "PASSWORD='hunter2 and more' host=db",
        "smtp://mail:" + "hunter2" * 500 + "@host",
        "x" * 65_500 + " smtp://mail:" + "hunter2" * 500 + "@host",
        # Masking makes room, and the last one is cut before its "@".
        ("a://u:" + "p" * 1000 + "@h ") * 64 + "a://u:" + "hunter2" * 500 + "@h",
    ],
)
def test_passwords_of_data_source_names_are_masked(message: str) -> None:
    assert "hunter2" not in describe_error(ConnectionError(message))


def test_masking_leaves_the_rest_of_the_address_readable() -> None:
    assert first_line(ValueError("no route to postgresql://shop:secret@db.example/shop")) == (
        "ValueError: no route to postgresql://shop:***@db.example/shop"
    )
    assert (
        first_line(ValueError("GET http://127.0.0.1:8000/orders"))
        == "ValueError: GET http://127.0.0.1:8000/orders"
    )


def test_a_message_made_to_slow_the_masking_down_does_not() -> None:
    assert describe_error(ValueError("://a:" * 2_000_000)).startswith("ValueError: ")


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(), max_size=3000), st.integers(1, 4))
def test_any_message_gives_short_storable_text(message: str, copies: int) -> None:
    text = describe_error(ExceptionGroup("group", [raised(ValueError(message))] * copies))
    assert len(text.encode()) <= MAX_ERROR_BYTES
    assert text.replace("\n", "").isprintable()
