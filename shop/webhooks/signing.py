"""Secrets and signatures after Standard Webhooks 1.0.0."""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32
PREFIX = "whsec_"


def random_secret() -> str:
    """A new secret as its owner is shown it: `whsec_…`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: str, moment: float, keys: Sequence[str]) -> dict[str, str]:
    """The headers that let a receiver check who sent the message and when.

    Args:
        message_id: the same in every attempt: what a receiver recognises repetitions by.
        body: the very text that is sent.
        moment: of this attempt, in seconds since 1970 UTC.
        keys: the secrets that hold now; one signature each, so receivers may change over in their own time.
    """
    sent_at = datetime.fromtimestamp(int(moment), UTC)
    signatures = [Webhook(key).sign(message_id, sent_at, body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment)),
        "webhook-signature": " ".join(signatures),
    }
