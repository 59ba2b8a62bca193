"""Job: a payload model that says how it is enqueued; what cannot be stored is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError, field_serializer

from runtime.errors import ConfigurationError, InvalidPayload
from runtime.job import MAX_PAYLOAD_BYTES, Job, policy_of
from runtime.model.records import Priority


class Address(BaseModel):
    street: str
    number: int = 1


class Send(Job, type="send", priority=Priority.HIGH, max_attempts=3):
    to: list[Address]
    text: str = ""
    weight: float = 0.0


class Base(Job):
    shared: str = "s"


class Child(Base, type="child"):
    pass


class Grandchild(Child):
    pass


def test_the_class_line_is_the_policy():
    assert policy_of(Send) == Send.policy
    assert (Send.policy.type, Send.policy.priority, Send.policy.max_attempts) == ("send", 10, 3)


def test_by_default_it_is_normal_and_has_five_attempts():
    assert (Child.policy.priority, Child.policy.max_attempts) == (5, 5)


@pytest.mark.parametrize("model", [Job, Base, Grandchild])
def test_a_type_is_named_and_never_inherited(model):
    with pytest.raises(ConfigurationError, match=f"{model.__name__} names no type"):
        policy_of(model)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"type": ""}, "type"),
        ({"type": "With Space"}, "type"),
        ({"type": "Upper"}, "type"),
        ({"type": "-dash"}, "type"),
        ({"type": "x" * 101}, "type"),
        ({"type": "line\n"}, "type"),
        ({"type": "x", "priority": -1}, "priority"),
        ({"type": "x", "priority": 101}, "priority"),
        ({"type": "x", "max_attempts": 0}, "max_attempts"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_when_the_class_is_made(options, says):
    with pytest.raises(ConfigurationError, match=says):
        type(Job)("Bad", (Job,), {}, **options)


@pytest.mark.parametrize("name", ["a", "0", "send_email", "shop.send-email", "x" * 100])
def test_a_type_has_a_name_that_fits_a_url(name):
    assert type(Job)("Good", (Job,), {}, type=name).policy.type == name


@given(
    to=st.lists(
        st.builds(Address, street=st.text(st.characters(codec="utf-8", exclude_characters="\0"))), max_size=3
    ),
    weight=st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_stored_reads_back_equal(to, weight):
    job = Send(to=to, weight=weight)

    assert Send.parse(job.payload()) == job


def test_a_job_is_data_and_does_not_change():
    job = Child()
    with pytest.raises(ValidationError):
        job.shared = "other"


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ("{}", {"to"}),
        ('{"to": [{"street": 3}]}', {"to.0.street"}),
        ('{"to": [], "surprise": 1}', {"surprise"}),
        ('{"to": [], "weight": NaN}', {"weight"}),
        ('{"to": [{"street": "s"}, {}], "text": 1}', {"to.1.street", "text"}),
        ("not JSON", {"payload"}),
        ("[]", {"payload"}),
        ("", {"payload"}),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_and_the_fields_are_named(payload, fields):
    with pytest.raises(InvalidPayload, match=r"^send: ") as caught:
        Send.parse(payload)

    assert {error.field for error in caught.value.errors} == fields


def test_what_a_refused_payload_held_is_not_repeated():
    with pytest.raises(InvalidPayload) as caught:
        Send.parse('{"to": "secret-token"}')

    assert "secret-token" not in str(caught.value) + str(caught.value.errors)


def test_not_a_number_is_not_a_payload():
    with pytest.raises(ValidationError):
        Send(to=[], weight=float("nan"))


def test_a_payload_may_have_so_many_bytes_and_no_more():
    room = MAX_PAYLOAD_BYTES - len(Send(to=[]).payload())

    assert len(Send(to=[], text="x" * room).payload()) == MAX_PAYLOAD_BYTES
    for text in ("x" * (room + 1), "é" * (room // 2 + 1)):
        with pytest.raises(InvalidPayload, match=f"larger than {MAX_PAYLOAD_BYTES}"):
            Send(to=[], text=text).payload()


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_can_carry_is_refused(text):
    with pytest.raises(InvalidPayload):
        Send(to=[], text=text).payload()


def test_a_field_that_cannot_be_written_is_an_invalid_payload():
    class Odd(Job, type="odd"):
        value: int = 0

        @field_serializer("value")
        def _refuse(self, value: int) -> int:
            raise ValueError("cannot say")

    with pytest.raises(InvalidPayload, match="cannot be written as JSON"):
        Odd().payload()
