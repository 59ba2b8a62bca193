-- name: insert_order_work
-- Which workflow does an order's work.
INSERT INTO order_work (order_id, workflow_id) VALUES (:order_id, :workflow_id);

-- name: list_order_jobs
-- An order's jobs, as far as the queue still has them.
SELECT jobs.id, jobs.type, jobs.status
FROM order_work JOIN workflow_jobs ON workflow_jobs.workflow_id = order_work.workflow_id
JOIN jobs ON jobs.id = workflow_jobs.job_id
WHERE order_work.order_id = :order_id ORDER BY jobs.id;
