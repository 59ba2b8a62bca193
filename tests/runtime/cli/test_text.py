"""Data never steers a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.text import one_line, printable


@given(st.text(st.characters()))
def test_what_is_printed_is_printable(text):
    assert printable(text).isprintable()


@given(st.text())
def test_printable_text_stays_as_it_is(text):
    if text.isprintable():
        assert printable(text) == text


def test_escapes_directions_and_lone_surrogates_can_be_read():
    assert printable("\x1b[31m\u202eevil\ud800\x00") == r"\x1b[31m\u202eevil\ud800\x00"


def test_letters_of_all_scripts_stay():
    assert printable("Größe 大きさ размер 🙂") == "Größe 大きさ размер 🙂"


def test_one_line_has_no_line_breaks():
    assert one_line("a\n  b\r\nc") == "a b c"
