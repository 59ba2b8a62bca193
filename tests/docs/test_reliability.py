"""docs/reliability.md and SECURITY.md name tests; each must be there, and each promise must name one."""

import re

import pytest

from tests.docs.reading import ROOT, broken_links, read

DOCUMENTS = ("docs/reliability.md", "SECURITY.md")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_PROMISE = re.compile(r"^## (\d+)\. ", re.MULTILINE)


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a text names, as file and function."""
    return _TEST.findall(text)


def missing(text: str) -> list[str]:
    """The tests that it names and that are not there."""
    return [
        f"{path}::{name}"
        for path, name in named_tests(text)
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text()
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_test_that_it_names_is_there(document):
    assert named_tests(read(document))
    assert missing(read(document)) == []


def test_a_test_that_is_not_there_would_be_found():
    assert missing("`tests/docs/test_reliability.py::test_nothing`") != []
    assert missing("`tests/nowhere/test_reliability.py::test_nothing`") != []


def test_each_promise_names_a_test_and_says_what_is_not_promised():
    text = read("docs/reliability.md")
    assert _PROMISE.findall(text) == [str(number) for number in range(1, 11)]
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert named_tests(part), part.splitlines()[0]
        assert "**Not promised:**" in part, part.splitlines()[0]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_its_links_lead_somewhere(document):
    assert broken_links(document) == []
