-- name: insert_order
-- An order that waits for its payment.
INSERT INTO orders (id, user_id, email, status, total_cents, created_at)
VALUES (:id, :user_id, :email, 'pending_payment', :total_cents, :created_at);

-- name: insert_order_item
-- One line of an order.
INSERT INTO order_items (order_id, line, product_id, name, quantity, price_cents)
VALUES (:order_id, :line, :product_id, :name, :quantity, :price_cents);

-- name: find_order
-- The order of that id.
SELECT number, id, user_id, email, status, total_cents, created_at, paid_at, completed_at
FROM orders WHERE id = :id;

-- name: list_orders
-- Orders, newest first, those before a cursor.
SELECT number, id, user_id, email, status, total_cents, created_at, paid_at, completed_at
FROM orders WHERE number < :before ORDER BY number DESC LIMIT :most;

-- name: list_orders_of_user
-- A user's orders, newest first, those before a cursor.
SELECT number, id, user_id, email, status, total_cents, created_at, paid_at, completed_at
FROM orders WHERE user_id = :user_id AND number < :before ORDER BY number DESC LIMIT :most;

-- name: list_order_items
-- The lines of an order as it was placed.
SELECT product_id, name, quantity, price_cents FROM order_items WHERE order_id = :order_id ORDER BY line;

-- name: mark_order_paid
-- The customer has paid.
UPDATE orders SET status = 'paid', paid_at = :now WHERE id = :id AND status = 'pending_payment'
RETURNING number, id, user_id, email, status, total_cents, created_at, paid_at, completed_at;

-- name: mark_order_unpaid
-- The payment did not succeed.
UPDATE orders SET status = 'payment_failed' WHERE id = :id AND status = 'pending_payment'
RETURNING number, id, user_id, email, status, total_cents, created_at, paid_at, completed_at;

-- name: complete_order
-- All that the order needs is done.
UPDATE orders SET status = 'completed', completed_at = :now WHERE id = :id AND status = 'paid';
