-- name: paid_orders_without_work
-- Orders that were paid and got no job.
SELECT id FROM orders
WHERE status IN ('paid', 'completed') AND id NOT IN (SELECT order_id FROM order_work)
ORDER BY number;

-- name: order_jobs_without_orders
-- Jobs of the queue that do an order's work and that no order knows.
SELECT id FROM jobs
WHERE type IN ('send_order_confirmation', 'generate_invoice', 'sync_inventory', 'send_followup_email', 'complete_order')
  AND id NOT IN (
    SELECT m.job_id FROM workflow_jobs AS m JOIN order_work AS w ON w.workflow_id = m.workflow_id
  )
ORDER BY id;

-- name: orders_out_of_step
-- Orders that are completed before their last job, or are not although it has completed.
SELECT o.id FROM orders AS o JOIN order_work AS w ON w.order_id = o.id
JOIN workflow_jobs AS m ON m.workflow_id = w.workflow_id JOIN jobs AS j ON j.id = m.job_id
WHERE j.type = 'complete_order' AND (j.status = 'completed') <> (o.status = 'completed')
ORDER BY o.number;

-- name: payments_out_of_step
-- Orders and payments that tell different stories.
SELECT orders.id FROM orders LEFT JOIN payments ON payments.order_id = orders.id
WHERE payments.order_id IS NULL
   OR (payments.state = 'started') <> (orders.status = 'pending_payment')
   OR (payments.state = 'paid') <> (orders.status IN ('paid', 'completed'))
   OR payments.amount_cents <> orders.total_cents
ORDER BY orders.number;

-- name: payments_nobody_asks_about
-- Payments without an outcome and without a job that will find it out.
SELECT order_id FROM payments
WHERE state = 'started' AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE type = 'recover_payment' AND status IN ('scheduled', 'pending', 'processing')
      AND payload LIKE '%"' || order_id || '"%'
)
ORDER BY order_id;

-- name: orders_with_wrong_totals
-- Orders whose total is not that of their lines.
SELECT id FROM orders
WHERE total_cents <> (SELECT coalesce(sum(quantity * price_cents), 0) FROM order_items WHERE order_id = orders.id)
ORDER BY number;

-- name: missing_invoice_numbers
-- Invoice numbers after a gap.
SELECT number FROM invoices
WHERE number > 1 AND number - 1 NOT IN (SELECT number FROM invoices) ORDER BY number;
