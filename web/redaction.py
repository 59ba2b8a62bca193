"""Secrets in payloads: known by the names of their fields, and shown to nobody."""

import itertools
import re

from pydantic import JsonValue

MASK = "•••"
SECRETS = frozenset(
    {
        *("password", "passwd", "passphrase", "secret", "secrets", "token", "authorization", "credential"),
        *("credentials", "apikey", "api key", "private key", "card", "cvv", "cvc", "iban", "cookie"),
    }
)
"""Words, and pairs of words, that name a secret."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def redacted(value: JsonValue, marked: frozenset[str] = frozenset()) -> JsonValue:
    """The value with everything masked that stands under a name like `password` or `paymentToken`.

    Args:
        marked: further names that an application has marked as secret.
    """
    if isinstance(value, list):
        return [redacted(item, marked) for item in value]
    if isinstance(value, dict):
        return {
            name: MASK if item and (name in marked or names_secret(name)) else redacted(item, marked)
            for name, item in value.items()
        }
    return value


def names_secret(name: str) -> bool:
    """Whether a field of that name (`cardNumber`, `API_KEY`) holds what nobody should see."""
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    return not SECRETS.isdisjoint([*words, *pairs])
