import importlib
import pkgutil

import pytest

import runtime
import shop
import web
from runtime.errors import CrecheError, DatabaseBusy, InvalidPayload, NotAllowed, UnknownType
from shop.errors import OutOfStock
from web.problem_table import UNEXPECTED, ProblemTable
from web.storefront.problems import PROBLEMS as SHOP_PROBLEMS


def all_errors():
    """Every error class of ours, wherever it is defined."""
    for package in (runtime, shop, web):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)

    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return sorted(set(below(CrecheError)), key=lambda kind: kind.__qualname__)


@pytest.fixture
def table():
    table = ProblemTable()
    table.add(SHOP_PROBLEMS)
    return table


def test_every_error_of_ours_has_an_answer(table):
    abstract = {"WebError"}
    missed = [kind.__qualname__ for kind in all_errors() if table.find(kind) is UNEXPECTED]
    assert set(missed) <= abstract


def test_a_try_again_answer_says_when(table):
    for kind in all_errors():
        if table.find(kind).status == 503:
            assert table.find(kind).retry_after, kind.__qualname__


def test_what_a_server_error_says_is_not_the_errors_own_text(table):
    told = {
        kind.__qualname__
        for kind in all_errors()
        if table.find(kind).status >= 500 and not table.find(kind).detail
    }
    # These are written for the caller.
    assert told <= {
        "PaymentError",
        "PaymentFailed",
        "PaymentTimedOut",
        "ShuttingDown",
        "TooManyStreams",
        "WebError",
    }


def test_the_nearest_class_decides(table):
    assert table.find(OutOfStock).status == table.find(NotAllowed).status == 409
    assert table.find(OutOfStock).title != table.find(NotAllowed).title
    assert table.find(UnknownType).status == table.find(InvalidPayload).status == 422
    assert table.find(DatabaseBusy).status == 503


def test_what_is_not_ours_is_a_mistake_of_ours(table):
    assert table.find(ValueError) is table.find(BaseExceptionGroup) is UNEXPECTED


def test_what_one_application_adds_is_not_known_to_another(table):
    assert table.find(OutOfStock) is not ProblemTable().find(OutOfStock)
