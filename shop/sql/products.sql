-- name: list_products
-- Everything on sale.
SELECT id, name, price_cents, stock FROM products ORDER BY id;

-- name: find_product
-- The product of that id.
SELECT id, name, price_cents, stock FROM products WHERE id = :id;

-- name: reserve_stock
-- Take a quantity out of stock, if there is so much.
UPDATE products SET stock = stock - :quantity WHERE id = :id AND stock >= :quantity;

-- name: give_back_stock
-- Put all that an order reserved back into stock.
UPDATE products
SET stock = stock + (
    SELECT sum(quantity) FROM order_items WHERE order_id = :order_id AND product_id = products.id
)
WHERE id IN (SELECT product_id FROM order_items WHERE order_id = :order_id);
