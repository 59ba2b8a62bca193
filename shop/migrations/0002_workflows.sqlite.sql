-- An order's work is a workflow now; the jobs of earlier orders become one each.
CREATE TABLE order_work (
    order_id    TEXT PRIMARY KEY REFERENCES orders (id),
    workflow_id INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
INSERT INTO workflows (id, name, created_at, finished_at, unfinished, completed, failed, cancelled)
SELECT MIN(jobs.id), 'order ' || order_jobs.order_id, MIN(jobs.created_at),
    CASE WHEN COUNT(jobs.completed_at) = COUNT(*) THEN MAX(jobs.completed_at) END,
    COUNT(*) - COUNT(jobs.completed_at),
    COUNT(*) FILTER (WHERE jobs.status = 'completed'),
    COUNT(*) FILTER (WHERE jobs.status = 'failed'),
    COUNT(*) FILTER (WHERE jobs.status = 'cancelled')
FROM order_jobs JOIN jobs ON jobs.id = order_jobs.job_id GROUP BY order_jobs.order_id;
INSERT INTO order_work (order_id, workflow_id)
SELECT order_jobs.order_id, MIN(jobs.id) FROM order_jobs JOIN jobs ON jobs.id = order_jobs.job_id
GROUP BY order_jobs.order_id;
INSERT INTO workflow_jobs (job_id, workflow_id)
SELECT jobs.id, order_work.workflow_id FROM order_jobs JOIN jobs ON jobs.id = order_jobs.job_id
JOIN order_work ON order_work.order_id = order_jobs.order_id;
DROP TABLE order_jobs;
