import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shop.webhooks.signing import random_secret, signed_headers

BODY = '{"type":"order.paid","data":{"name":"Jürgen 🎹"}}'


def now(offset: float = 0) -> float:
    """The reference library compares with the machine's own clock."""
    return (datetime.now(UTC) + timedelta(seconds=offset)).timestamp()  # noqa: TID251


def test_a_secret_has_256_bits_and_is_another_each_time() -> None:
    made = {random_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made} == {32}


def test_the_reference_library_accepts_the_signature() -> None:
    secret = random_secret()
    headers = signed_headers("msg_1", BODY, now(), [secret])

    assert Webhook(secret).verify(BODY.encode(), headers)["type"] == "order.paid"


def test_during_a_rotation_both_secrets_verify_and_a_third_does_not() -> None:
    new, old, other = (random_secret() for _ in range(3))
    headers = signed_headers("msg_1", BODY, now(), [new, old])

    assert headers["webhook-signature"].count("v1,") == 2
    assert Webhook(new).verify(BODY, headers)
    assert Webhook(old).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: (BODY + " ", headers),
        lambda headers: (BODY, {**headers, "webhook-id": "msg_2"}),
        lambda headers: (BODY, {**headers, "webhook-timestamp": str(int(now()) - 60)}),
        lambda headers: (BODY, {name: headers[name] for name in headers if name != "webhook-id"}),
    ],
)
def test_whatever_is_altered_on_the_way_no_longer_verifies(change) -> None:
    secret = random_secret()
    body, headers = change(signed_headers("msg_1", BODY, now(), [secret]))

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


@pytest.mark.parametrize("offset", [-360, 360])
def test_a_replayed_request_is_too_old_and_one_of_the_future_too_new(offset: float) -> None:
    secret = random_secret()

    with pytest.raises(WebhookVerificationError, match="timestamp"):
        Webhook(secret).verify(BODY, signed_headers("msg_1", BODY, now(offset), [secret]))


def test_the_specification_s_own_example() -> None:
    """From the specification: so both libraries cannot be wrong in the same way."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        '{"test": 2432232314}',
        1614265330,
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
