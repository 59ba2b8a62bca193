"""What an operator asks of limits: read, and each mistake told by its field."""

import pytest

from runtime.errors import InvalidInput
from runtime.limiting import LARGEST, LimitChange
from runtime.model.rates import Rate
from runtime.store.type_limits import Kind

NOTHING = {"rate": None, "burst": None, "concurrency": None, "key_rate": None, "key_concurrency": None}


def read(**wanted) -> LimitChange:
    return LimitChange.read(**(NOTHING | wanted))


def test_what_is_wanted_is_read_and_what_is_not_mentioned_stays():
    change = read(rate="60/m", burst=5, key_concurrency=2, key_rate="1/s")

    assert change.rate == Rate.parse("60/m:5")
    assert change.others == {Kind.KEY_CONCURRENCY: 2, Kind.KEY_RATE: Rate.parse("1/s")}


def test_kinds_alone_may_be_removed():
    change = read(removed=["key_rate", "rate"])

    assert (change.rate, change.others, change.removed_others) == (None, {}, [Kind.KEY_RATE])


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "rate"),
        ({"rate": "fast"}, "rate"),
        ({"burst": 5.0}, "rate"),
        ({"burst": 5.0, "concurrency": 1}, "rate"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": -1}, "concurrency"),
        ({"concurrency": LARGEST + 1}, "concurrency"),
        ({"key_rate": "0/s"}, "keyRate"),
        ({"key_rate": "often"}, "keyRate"),
        ({"key_concurrency": 0}, "keyConcurrency"),
        ({"rate": "1/s", "key_concurrency": LARGEST + 1}, "keyConcurrency"),
    ],
)
def test_each_mistake_names_its_field(wanted, field):
    with pytest.raises(InvalidInput) as caught:
        read(**wanted)

    assert [error.field for error in caught.value.errors] == [field]


@pytest.mark.parametrize(
    ("wanted", "field"), [({"key_rate": "1/s"}, "keyRate"), ({"key_concurrency": 1}, "keyConcurrency")]
)
def test_limits_of_keys_for_a_type_without_keys_name_the_field_and_the_type(wanted, field):
    read(**wanted).check_keys("mail", {"mail"})
    read(rate="1/s", concurrency=1).check_keys("mail", set())

    with pytest.raises(InvalidInput, match="mail") as caught:
        read(**wanted).check_keys("mail", {"other"})
    assert [error.field for error in caught.value.errors] == [field]
