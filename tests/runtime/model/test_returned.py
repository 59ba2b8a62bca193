"""What a handler returned, as the text that is kept."""

from dataclasses import dataclass
from datetime import date

import pytest
from pydantic import BaseModel

from runtime.model.returned import MAX_RESULT_BYTES, result_text


class Page(BaseModel):
    number: int


@dataclass
class Size:
    width: float


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"pages": [1, 2]}, '{"pages":[1,2]}'),
        (Page(number=3), '{"number":3}'),
        (Size(1.5), '{"width":1.5}'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (float("inf"), "null"),
        (False, "false"),
    ],
)
def test_whatever_pydantic_writes_is_kept(value, text):
    assert result_text(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "it cannot be written as JSON: PydanticSerializationError"),
        ("x" * MAX_RESULT_BYTES, "it is larger than 65536 bytes"),
        ("a\0b", "it holds a NUL character"),
        ("\udcff", "it cannot be written as JSON"),
    ],
)
def test_what_cannot_be_kept_says_why(value, reason):
    with pytest.raises(ValueError, match=reason):
        result_text(value)
