-- name: paid_orders_without_work
-- Orders that were paid and got no job.
SELECT id FROM orders
WHERE status IN ('paid', 'completed')
  AND id NOT IN (SELECT order_id FROM order_jobs WHERE part = 'confirmation')
ORDER BY number;

-- name: order_jobs_without_orders
-- Jobs of the queue that do an order's work and that no order knows.
SELECT id FROM jobs
WHERE type IN ('send_order_confirmation', 'generate_invoice', 'sync_inventory', 'send_followup_email')
  AND id NOT IN (SELECT job_id FROM order_jobs)
ORDER BY id;

-- name: order_parts_forgotten
-- Parts that are not done although their job completed, or is not there any more.
SELECT order_jobs.order_id FROM order_jobs LEFT JOIN jobs ON jobs.id = order_jobs.job_id
WHERE order_jobs.needed = 1 AND order_jobs.done_at IS NULL AND (jobs.id IS NULL OR jobs.status = 'completed')
ORDER BY order_jobs.order_id;

-- name: orders_out_of_step
-- Completed orders with work left, and paid ones with none left.
SELECT id FROM orders
WHERE (status = 'completed' AND EXISTS (
        SELECT 1 FROM order_jobs WHERE order_id = orders.id AND needed = 1 AND done_at IS NULL))
   OR (status = 'paid'
        AND EXISTS (SELECT 1 FROM order_jobs WHERE order_id = orders.id AND part = 'invoice')
        AND NOT EXISTS (SELECT 1 FROM order_jobs WHERE order_id = orders.id AND needed = 1 AND done_at IS NULL))
ORDER BY number;

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
