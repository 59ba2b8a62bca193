"""The application that is measured, with a type beside that runs many jobs in one call."""

from bench.app import app as plain
from runtime.app import App
from runtime.job import Job


class Many(Job, type="many"):
    """Nothing, in company."""


def with_batches(size: int) -> App:
    """The bench's application, which also runs `many` in batches of that size."""
    app = App("bench")
    app.include(plain)

    @app.batch_handler(size=size)
    async def many(_jobs: list[Many]) -> None:  # noqa: ASYNC124
        """Do nothing."""

    return app
