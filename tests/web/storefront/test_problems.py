import pytest

from shop import errors
from web.problem_table import ProblemTable
from web.storefront.problems import PROBLEMS


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UnknownProduct, 422),
        (errors.InvalidPaymentToken, 422),
        (errors.IdempotencyMismatch, 422),
        (errors.OutOfStock, 409),
        (errors.InProgress, 409),
        (errors.OrderUnconfirmed, 503),
        (errors.PaymentDeclined, 402),
        (errors.PaymentFailed, 502),
        (errors.PaymentTimedOut, 504),
    ],
)
def test_the_shops_errors_have_the_statuses_of_the_contract(error, status):
    table = ProblemTable()
    table.add(PROBLEMS)
    assert table.find(error).status == status
