"""The table of exit codes is complete, and the worst error of a group speaks."""

import pytest

from runtime import errors
from runtime.cli.failures import EXIT_CODES, INTERNAL, exit_code, explain


def descendants(kind):
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


OURS = sorted(
    (kind for kind in descendants(errors.CrecheError) if kind.__module__.startswith("runtime.")),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", OURS)
def test_every_error_of_ours_has_an_exit_code(kind):
    nearest = [EXIT_CODES[ancestor] for ancestor in kind.__mro__ if ancestor in EXIT_CODES]

    assert nearest
    assert nearest[0] != INTERNAL


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UnknownType("x"), 2),
        (errors.InvalidPayload("bad"), 2),
        (errors.SchemaMismatch("newer"), 2),
        (errors.DatabaseError("cannot open"), 2),
        (errors.NotFound("no job"), 1),
        (errors.NotAllowed("running"), 1),
        (errors.DatabaseBusy("held"), 75),
        (errors.DatabaseFull("full"), 74),
        (KeyboardInterrupt(), 130),
        (ValueError("ours"), 70),
    ],
)
def test_an_error_ends_with_its_code(error, code):
    assert exit_code(error) == code


def test_the_only_leaf_of_nested_groups_speaks():
    group = ExceptionGroup("outer", [ExceptionGroup("inner", [errors.NotFound("there is no job 7")])])

    assert explain(group) == (1, "there is no job 7")


def test_a_mistake_speaks_before_an_expected_error():
    code, line = explain(ExceptionGroup("two", [errors.NotFound("no job"), KeyError("slot")]))

    assert code == 70
    assert "KeyError: 'slot'" in line


def test_an_interruption_in_a_group_is_an_interruption():
    group = BaseExceptionGroup("two", [errors.NotFound("no job"), KeyboardInterrupt()])

    assert explain(group) == (130, "")


def test_the_line_is_one_line_without_control_characters():
    assert explain(errors.NotFound("a\nb\x1b[2J\tc")) == (1, "a b\\x1b[2J c")
