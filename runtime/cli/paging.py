"""Lists longer than one page of the queue."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from runtime.model.records import Page

T = TypeVar("T")

PAGE = 200
"""What the queue gives at once."""


async def collect(
    fetch: Callable[[int, int | None], Awaitable[Page[T]]], limit: int, cursor: int | None
) -> Page[T]:
    """Up to `limit` items by as many calls of `fetch(limit, cursor)` as that takes, each its own read."""
    items: list[T] = []
    while True:
        page = await fetch(min(PAGE, limit - len(items)), cursor)
        items += page.items
        cursor = page.cursor
        if cursor is None or len(items) >= limit:
            return Page(tuple(items), cursor)
