import pytest

from shop.errors import OutOfStock
from shop.products import Product, list_products, reserve


async def test_the_contract_s_products_are_on_sale(shop, autojump_clock) -> None:
    assert await shop.deployment.db.read(list_products) == [
        Product("prod-1", "Mechanical Keyboard", 8999, 50),
        Product("prod-2", "USB-C Hub", 3499, 100),
        Product("prod-3", "Monitor Stand", 4999, 25),
    ]


async def test_the_last_piece_can_be_reserved_and_no_more(shop, autojump_clock) -> None:
    await shop.deployment.db.write(reserve, {"prod-3": 25})

    with pytest.raises(OutOfStock):
        await shop.deployment.db.write(reserve, {"prod-3": 1})
    assert await shop.stock("prod-3") == 0


async def test_a_reservation_that_is_rolled_back_never_was(shop, autojump_clock) -> None:
    with pytest.raises(OutOfStock, match="prod-3"):
        await shop.deployment.db.write(reserve, {"prod-1": 1, "prod-3": 26})
    assert await shop.stock("prod-1") == 50
