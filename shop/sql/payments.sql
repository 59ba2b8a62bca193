-- name: insert_payment
-- The intent to charge.
INSERT INTO payments (order_id, state, amount_cents, started_at) VALUES (:order_id, 'started', :amount_cents, :now);

-- name: find_payment
-- The payment of an order.
SELECT order_id, state, amount_cents, charge_id, reason FROM payments WHERE order_id = :order_id;

-- name: settle_payment
-- Write down the outcome, if nobody has before.
UPDATE payments SET state = :state, charge_id = :charge_id, reason = :reason, settled_at = :now
WHERE order_id = :order_id AND state = 'started'
RETURNING order_id, state, amount_cents, charge_id, reason;

-- name: insert_order_request
-- The idempotency key now stands for this order.
INSERT INTO order_requests (key, fingerprint, order_id, created_at)
VALUES (:key, :fingerprint, :order_id, :now);

-- name: find_order_request
-- The request that came with an idempotency key.
SELECT fingerprint, order_id FROM order_requests WHERE key = :key;

-- name: forget_order_requests
-- Idempotency keys older than that may be used anew.
DELETE FROM order_requests WHERE created_at < :before;
