"""The application that is measured, with a type whose jobs belong to users, limited each or not."""

from collections.abc import Sequence
from typing import Literal

from bench.app import app as plain
from runtime.app import App
from runtime.job import Job
from runtime.per_key import PerKey

KeyLimit = Literal["none", "rate", "concurrency"]
USERS = 10_000
NEVER_HIT = 1_000_000


class Visit(Job, type="visit"):
    """Nothing, for a user."""

    user: int


def visits(number: int) -> Sequence[Visit]:
    """One of each user after the other."""
    return [Visit(user=position % USERS) for position in range(number)]


def with_keys(limit: KeyLimit) -> App:
    """The bench's application, which also runs `visit` under a limit for each user that none reaches."""
    per_key: dict[KeyLimit, PerKey[Visit] | None] = {
        "none": None,
        "rate": PerKey[Visit](lambda job: job.user, rate=f"{NEVER_HIT}/s"),
        "concurrency": PerKey[Visit](lambda job: job.user, concurrency=NEVER_HIT),
    }
    app = App("bench")
    app.include(plain)

    @app.handler(per_key=per_key[limit])
    async def visit(_job: Visit) -> None:  # noqa: ASYNC124
        """Do nothing."""

    return app
