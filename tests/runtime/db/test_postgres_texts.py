"""SQL with `:name` becomes SQL with `$1`, whatever else has a colon."""

import pytest

from runtime.db.postgres_texts import translate_text
from runtime.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "becomes", "names"),
    [
        ("SELECT :a", "SELECT $1", ("a",)),
        ("SELECT :b, :a, :b", "SELECT $1, $2, $1", ("b", "a")),
        ("SELECT ':a', :a", "SELECT ':a', $1", ("a",)),
        ("SELECT 'it''s :a', \"col:b\"", "SELECT 'it''s :a', \"col:b\"", ()),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT x::text, :a::text", "SELECT x::text, $1::text", ("a",)),
        ("SELECT $$ :a $$, :b", "SELECT $$ :a $$, $1", ("b",)),
        ("SELECT 100 % :a", "SELECT 100 % $1", ("a",)),
    ],
)
def test_parameters_are_numbered_in_the_order_in_which_they_are_first_named(text, becomes, names):
    statement = translate_text("q", text)

    assert statement.text.decode() == becomes
    assert statement.names == names
    assert not statement.arrays


def test_arrays_and_single_values_do_not_mix():
    assert translate_text("q", "SELECT :a[]").arrays
    with pytest.raises(ConfigurationError, match="'q'"):
        translate_text("q", "SELECT :a[], :b")
