-- name: take_invoice_number
-- The next number, without gaps; nothing when the order has one.
INSERT INTO invoices (order_id, number, created_at)
SELECT CAST(:order_id AS text), coalesce(max(number), 0) + 1, CAST(:now AS double precision) FROM invoices WHERE true
ON CONFLICT (order_id) DO NOTHING;

-- name: find_invoice_number
-- The number that the order's invoice has.
SELECT number, created_at FROM invoices WHERE order_id = :order_id;

-- name: save_invoice
-- The drawn invoice.
UPDATE invoices SET pdf = :pdf WHERE order_id = :order_id;

-- name: find_invoice
-- The drawn invoice of an order.
SELECT pdf FROM invoices WHERE order_id = :order_id AND pdf IS NOT NULL;

-- name: count_invoices
-- 1 when the order's invoice is drawn, else 0.
SELECT count(*) FROM invoices WHERE order_id = :order_id AND pdf IS NOT NULL;
