-- name: insert_order_part
-- A part of an order's work and the job that does it.
INSERT INTO order_jobs (order_id, part, job_id, needed) VALUES (:order_id, :part, :job_id, :needed);

-- name: count_order_part
-- 1 when the order has such a part, else 0.
SELECT count(*) FROM order_jobs WHERE order_id = :order_id AND part = :part;

-- name: finish_order_part
-- A part is done.
UPDATE order_jobs SET done_at = :now WHERE order_id = :order_id AND part = :part AND done_at IS NULL;

-- name: list_order_jobs
-- An order's jobs, as far as the queue still has them.
SELECT jobs.id, jobs.type, jobs.status
FROM order_jobs JOIN jobs ON jobs.id = order_jobs.job_id
WHERE order_jobs.order_id = :order_id ORDER BY jobs.id;
