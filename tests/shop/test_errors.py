import inspect

import pytest

from runtime.errors import CrecheError
from shop import errors

CLASSES = [
    value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_stands_in_the_drawing_and_on_the_runtime_s_tree(error: type[Exception]) -> None:
    assert f" {error.__name__} " in (errors.__doc__ or "")
    assert issubclass(error, CrecheError)
