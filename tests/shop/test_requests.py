import pytest
from pydantic import ValidationError

from runtime.errors import InvalidInput
from shop.requests import OrderRequest, check_key

GOOD = {
    "userId": "ada",
    "email": "ada@example.com",
    "items": [{"productId": "prod-1", "quantity": 2}],
    "paymentToken": "tok_ok",
}


def test_the_contract_s_request_is_accepted() -> None:
    request = OrderRequest.model_validate(GOOD)

    assert request.items[0].product_id == "prod-1"
    assert request.payment_token == "tok_ok"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, ("items",)),
        ({"items": [{"productId": "prod-1", "quantity": 0}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "prod-1", "quantity": -1}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "prod-1", "quantity": 1.0}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "prod-1", "quantity": True}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "prod-1", "quantity": 10**30}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "prod-1"}]}, ("items", 0, "quantity")),
        ({"items": [{"productId": "", "quantity": 1}]}, ("items", 0, "productId")),
        ({"items": [{"productId": "p", "quantity": 1, "price": 0}]}, ("items", 0, "price")),
        ({"items": [{"productId": "prod-1", "quantity": 1}] * 51}, ("items",)),
        ({"userId": ""}, ("userId",)),
        ({"userId": "a\0b"}, ("userId",)),
        ({"userId": "a\ud800b"}, ("userId",)),
        ({"userId": None}, ("userId",)),
        ({"email": "nobody"}, ("email",)),
        ({"email": "ada@example.com\r\nBcc: eve@example.com"}, ("email",)),
        ({"total": 0.01}, ("total",)),
    ],
)
def test_a_bad_request_is_refused_and_the_field_named(
    change: dict[str, object], field: tuple[object, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        OrderRequest.model_validate(GOOD | change)

    assert [error["loc"] for error in caught.value.errors()] == [field]


def test_the_fingerprint_is_that_of_the_meaning_not_of_the_spelling() -> None:
    other_spelling = {name: GOOD[name] for name in reversed(GOOD)} | {"email": "ada@EXAMPLE.com"}

    one, same = OrderRequest.model_validate(GOOD), OrderRequest.model_validate(other_spelling)

    assert one.fingerprint() == same.fingerprint()


@pytest.mark.parametrize(
    "change", [{"userId": "eve"}, {"paymentToken": "tok_timeout"}, {"items": GOOD["items"] * 2}]
)  # type: ignore[operator]
def test_another_request_has_another_fingerprint(change: dict[str, object]) -> None:
    assert (
        OrderRequest.model_validate(GOOD | change).fingerprint()
        != OrderRequest.model_validate(GOOD).fingerprint()
    )


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\nb"])
def test_a_key_is_printable_ascii_of_at_most_255(key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_key(key)

    assert caught.value.errors[0].field == "Idempotency-Key"
