-- name: sum_sales
-- How many orders were paid in a period, and what they brought.
SELECT count(*), coalesce(sum(total_cents), 0) FROM orders WHERE paid_at >= :start AND paid_at < :end;

-- name: list_top_products
-- What sold best in a period, by quantity.
SELECT order_items.product_id, min(order_items.name), sum(order_items.quantity),
    sum(order_items.quantity * order_items.price_cents)
FROM orders JOIN order_items ON order_items.order_id = orders.id
WHERE orders.paid_at >= :start AND orders.paid_at < :end
GROUP BY order_items.product_id ORDER BY sum(order_items.quantity) DESC, order_items.product_id LIMIT :most;

-- name: save_sales_report
-- A day's report; computed again, it replaces the earlier one.
INSERT INTO sales_reports (day, orders, revenue_cents, top_products, created_at)
VALUES (:day, :orders, :revenue_cents, :top_products, :now)
ON CONFLICT (day) DO UPDATE SET orders = excluded.orders, revenue_cents = excluded.revenue_cents,
    top_products = excluded.top_products, created_at = excluded.created_at;

-- name: last_sales_report
-- The latest day that has a report; NULL when none has.
SELECT max(day) FROM sales_reports;

-- name: find_sales_report
-- The report of a day.
SELECT day, orders, revenue_cents, top_products FROM sales_reports WHERE day = :day;
