async def test_products_are_listed_with_price_and_stock(customer):
    assert (await customer.get("/products")).json == {
        "products": [
            {"id": "prod-1", "name": "Mechanical Keyboard", "price": 89.99, "stock": 50},
            {"id": "prod-2", "name": "USB-C Hub", "price": 34.99, "stock": 100},
            {"id": "prod-3", "name": "Monitor Stand", "price": 49.99, "stock": 25},
        ]
    }
