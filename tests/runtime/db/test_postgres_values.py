"""An array says what each of its values alone would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.db.base import CheckViolation
from runtime.db.postgres_values import array_literal, encoded
from runtime.model.records import Priority, Status

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), texts, st.binary(),
    st.sampled_from([*Status, *Priority, 0.0, -0.0, 1.0, 1, True]),
)  # fmt: skip


def alone(value) -> str:
    """An element as the documentation of PostgreSQL's array input says: 8.15.6."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes):
        return '"\\\\x' + value.hex() + '"'
    return repr(value) if isinstance(value, float) else str(int(value))


@given(st.one_of(st.lists(values), st.lists(texts), st.lists(st.integers()), st.lists(st.floats())))
def test_an_array_of_any_values_has_each_of_them(column):
    assert array_literal(column) == "{" + ",".join(map(alone, column)) + "}"


@given(values, st.integers(1, 5))
def test_an_array_of_the_same_value_repeats_it(value, times):
    assert array_literal([value] * times) == "{" + ",".join([alone(value)] * times) + "}"


@pytest.mark.parametrize("column", [["a\0b"], ["", "\0"], ["\0", "\0"], [None, "\0"], [Status.FAILED, "\0"]])
def test_text_with_a_nul_is_refused(column):
    with pytest.raises(CheckViolation, match="NUL"):
        array_literal(column)
    with pytest.raises(CheckViolation, match="NUL"):
        encoded(column)
