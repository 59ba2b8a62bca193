"""What may stand in paths."""

from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.routing import BaseConverter

from runtime.errors import NotFound, UnknownType


class IdConverter(BaseConverter):
    """The id of a job or a dead letter: a whole number that the database can hold. All else is not found."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


@contextmanager
def unknown_is_not_found() -> Iterator[None]:
    """A job type in a path names a thing: an unknown one is not bad input, it is not there."""
    try:
        yield
    except UnknownType as error:
        raise NotFound(str(error)) from error
