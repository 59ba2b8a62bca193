"""The errors: a tree that callers can rely on, plain where there is one, and messages that say what to do."""

import pytest

from runtime import errors
from runtime.errors import (
    ConfigurationError,
    CrecheError,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    FieldError,
    InvalidInput,
    InvalidPayload,
    JobSignal,
    Snooze,
    UnknownType,
    plain_errors,
)


def test_what_steers_a_job_is_no_error_of_ours():
    signals = {errors.Discard, errors.Cancel, errors.Snooze}

    assert all(issubclass(signal, JobSignal) and not issubclass(signal, CrecheError) for signal in signals)


def test_everything_raised_on_purpose_has_the_one_root_and_a_sentence_of_its_own():
    classes = [
        item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)
    ]

    assert len(classes) >= 17
    assert all(issubclass(item, CrecheError | JobSignal) for item in classes)
    assert all(item.__doc__ and item.__name__ in (errors.__doc__ or "") for item in classes)


@pytest.mark.parametrize(
    ("special", "general"),
    [
        (errors.DuplicateType, ConfigurationError),
        (errors.UnsupportedDatabase, ConfigurationError),
        (errors.SchemaMismatch, ConfigurationError),
        (UnknownType, InvalidInput),
        (InvalidPayload, InvalidInput),
        (DatabaseBusy, DatabaseError),
        (DatabaseFull, DatabaseError),
    ],
)
def test_who_handles_the_general_case_handles_the_special_one(special, general):
    assert issubclass(special, general)


def test_an_unknown_type_names_the_field_and_those_that_are_known():
    error = UnknownType("maill", ["pdf", "mail"])

    assert str(error) == "unknown job type 'maill'; known: mail, pdf"
    assert error.errors == (FieldError("type", "unknown job type"),)
    assert str(UnknownType("mail")) == "unknown job type 'mail'"


def test_a_snooze_says_how_long_unless_it_says_why():
    assert (str(Snooze(90)), Snooze(90).delay) == ("snoozed for 90 s", 90)
    assert str(Snooze(90, "no stock yet")) == "no stock yet"


def group(*errors_: BaseException) -> BaseExceptionGroup:
    return BaseExceptionGroup("nursery", errors_)


def test_a_single_error_comes_out_of_the_groups_that_nurseries_wrapped_it_in():
    cause = OSError()
    leaf = DatabaseError("x")
    leaf.__cause__ = cause

    with pytest.raises(DatabaseError) as caught, plain_errors():
        raise group(group(group(leaf)))

    assert caught.value is leaf
    assert leaf.__cause__ is cause


def test_a_plain_error_passes_through():
    error = LookupError("x")
    with pytest.raises(LookupError) as caught, plain_errors():
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "raised",
    [
        group(LookupError(), ValueError()),
        group(group(LookupError(), ValueError())),
        group(KeyboardInterrupt()),
    ],
)
def test_several_errors_and_what_is_no_exception_stay_a_group(raised):
    with pytest.raises(BaseExceptionGroup) as caught, plain_errors():
        raise raised
    assert caught.value is raised
