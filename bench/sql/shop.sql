-- name: stock_up
-- Enough of everything, so that no order of the bench is refused.
UPDATE products SET stock = :stock;
