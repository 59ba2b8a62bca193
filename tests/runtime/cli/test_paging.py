"""Lists longer than one page."""

import pytest

from runtime.cli.paging import PAGE, collect
from runtime.model.records import Page


class Shelf:
    """Numbers from `size` down to 1, in pages."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[int] = []

    async def fetch(self, limit: int, cursor: int | None) -> Page[int]:
        self.asked.append(limit)
        first = self.size if cursor is None else cursor - 1
        items = tuple(range(first, max(0, first - limit), -1))
        return Page(items, items[-1] if items and items[-1] > 1 else None)


@pytest.mark.parametrize(("size", "limit"), [(0, 10), (5, 10), (10, 10), (11, 10), (500, 450), (500, 1000)])
async def test_as_many_as_asked_for_and_where_the_rest_begins(size, limit):
    page = await collect(Shelf(size).fetch, limit, None)

    assert page.items == tuple(range(size, max(0, size - limit), -1))
    assert page.cursor == (None if limit >= size else page.items[-1])


async def test_no_call_asks_for_more_than_a_page():
    shelf = Shelf(500)

    await collect(shelf.fetch, 450, None)

    assert shelf.asked == [PAGE, PAGE, 50]


async def test_it_reads_on_at_a_cursor():
    assert (await collect(Shelf(10).fetch, 3, 8)).items == (7, 6, 5)
