-- name: composition_in_use
-- Whether any job waits for another or belongs to a workflow: where none does, nothing follows from an end.
SELECT CASE WHEN EXISTS (SELECT 1 FROM job_parents) OR EXISTS (SELECT 1 FROM workflow_jobs) THEN 1 ELSE 0 END;

-- name: insert_edge
-- A job waits for another.
INSERT INTO job_parents (parent_id, job_id, position, on_failure, state)
VALUES (:parent_id, :job_id, :position, :on_failure, :state) ON CONFLICT (parent_id, job_id) DO NOTHING;

-- name: insert_wait
-- For how many a job waits.
INSERT INTO job_waits (job_id, open) VALUES (:job_id, :open);

-- name: hold_parents
-- Where the jobs stand that another is to wait for.
SELECT id, status FROM jobs WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id;

-- name: close_edges
-- These have ended: nobody waits for them any more, except who wants their success where there was none.
UPDATE job_parents SET state = 'done'
WHERE state = 'open' AND parent_id IN (SELECT value FROM json_each(:ids)) AND (:succeeded = 1 OR on_failure = 'run')
RETURNING job_id;

-- name: cancel_edges
-- These have ended without success: what wanted it is cancelled with them.
UPDATE job_parents SET state = 'cancelled'
WHERE state = 'open' AND on_failure = 'cancel' AND parent_id IN (SELECT value FROM json_each(:ids))
  AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_parents.job_id AND jobs.status = 'blocked')
RETURNING parent_id, job_id;

-- name: reopen_edges
-- These begin anew, and what was cancelled for them waits for them again.
UPDATE job_parents SET state = 'open'
WHERE parent_id IN (SELECT value FROM json_each(:ids)) AND state = 'cancelled' RETURNING job_id;

-- name: count_down
-- So many fewer parents that each of these waits for.
UPDATE job_waits SET open = open - told.number
FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS number FROM json_each(:counts)) AS told
WHERE job_id = told.id RETURNING job_id, open;

-- name: count_up
-- One more parent that each of these waits for.
UPDATE job_waits SET open = open + 1 WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: open_parents
-- For how many a job still waits.
SELECT open FROM job_waits WHERE job_id = :job_id;

-- name: unblock_jobs
-- What waits for nobody any more is due, or will be; it has waited in no queue yet.
UPDATE jobs SET
    status = CASE WHEN scheduled_at <= :now THEN 'pending' ELSE 'scheduled' END,
    scheduled_at = CASE WHEN scheduled_at <= :now THEN CAST(:now AS double precision) ELSE scheduled_at END,
    updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'blocked' RETURNING type, status;

-- name: cancel_dependant
-- A job is cancelled for the failure of one that it waits for.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now, last_error = :reason
WHERE id = :id AND status = 'blocked' RETURNING type;

-- name: cancel_dependants
-- Jobs are cancelled for the failure of others that they wait for, each with its reason.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now, last_error = told.reason
FROM (SELECT CAST(key AS integer) AS id, value AS reason FROM json_each(:reasons)) AS told
WHERE jobs.id = told.id AND status = 'blocked' RETURNING jobs.id, type;

-- name: revive_dependants
-- What was cancelled for the failure of others waits for them again.
UPDATE jobs SET status = 'blocked', completed_at = NULL, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'cancelled' RETURNING id, type;

-- name: block_job
-- A job that begins anew waits first.
UPDATE jobs SET status = 'blocked', completed_at = NULL, updated_at = :now
WHERE id = :id AND status IN ('pending', 'cancelled') RETURNING type;

-- name: waiting_dependants
-- What still waits for a job.
SELECT p.job_id, p.on_failure FROM job_parents AS p JOIN jobs AS j ON j.id = p.job_id
WHERE p.parent_id = :parent_id AND p.state = 'open' AND j.status = 'blocked' ORDER BY p.job_id;

-- name: waiting_below
-- All that waits for a job, or for something that does.
WITH RECURSIVE below (id) AS (
    SELECT job_id FROM job_parents WHERE parent_id = :job_id AND state <> 'done'
    UNION
    SELECT p.job_id FROM below JOIN job_parents AS p ON p.parent_id = below.id WHERE p.state <> 'done'
)
SELECT id FROM below;

-- name: parents_of
-- The jobs that a job waits for or waited for, in its order.
SELECT j.id, j.type, j.status, p.state FROM job_parents AS p JOIN jobs AS j ON j.id = p.parent_id
WHERE p.job_id = :job_id ORDER BY p.position LIMIT :most;

-- name: open_parents_of
-- Of those, some that it still waits for.
SELECT p.parent_id FROM job_parents AS p WHERE p.job_id = :job_id AND p.state <> 'done' ORDER BY p.position LIMIT :most;

-- name: children_of
-- The jobs that wait or waited for a job.
SELECT j.id, j.type, j.status, p.state FROM job_parents AS p JOIN jobs AS j ON j.id = p.job_id
WHERE p.parent_id = :job_id ORDER BY p.job_id LIMIT :most;

-- name: delete_edges
-- What a job that is deleted waited for, and what waited for it.
DELETE FROM job_parents WHERE parent_id = :id OR job_id = :id;

-- name: delete_wait
-- A job that is deleted waits for nobody.
DELETE FROM job_waits WHERE job_id = :id;

-- name: insert_workflow
-- Jobs that belong together.
INSERT INTO workflows (id, name, created_at, unfinished) VALUES (:id, :name, :now, :unfinished);

-- name: insert_member
-- A job belongs to a workflow.
INSERT INTO workflow_jobs (job_id, workflow_id) VALUES (:job_id, :workflow_id);

-- name: workflow_of
-- To which workflow a job belongs.
SELECT workflow_id FROM workflow_jobs WHERE job_id = :job_id;

-- name: workflows_of
-- To which workflows some jobs belong.
SELECT job_id, workflow_id FROM workflow_jobs WHERE job_id IN (SELECT value FROM json_each(:ids)) ORDER BY workflow_id;

-- name: count_in_workflow
-- So many of its jobs more, or fewer, stand there now.
UPDATE workflows SET
    finished_at = CASE WHEN unfinished + :unfinished = 0 THEN CAST(:now AS double precision) END,
    unfinished = unfinished + :unfinished, completed = completed + :completed,
    failed = failed + :failed, cancelled = cancelled + :cancelled
WHERE id = :id;

-- name: find_workflow
-- The workflow of that id.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows WHERE id = :id;

-- name: list_workflows
-- Workflows, newest first.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows
WHERE id < :before ORDER BY id DESC LIMIT :most;

-- name: list_running_workflows
-- Workflows of which some jobs have not ended, newest first.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows
WHERE finished_at IS NULL AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_failed_workflows
-- Workflows that ended with jobs that failed, newest first.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows
WHERE finished_at IS NOT NULL AND failed > 0 AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_cancelled_workflows
-- Workflows that ended with jobs that were cancelled, and none that failed, newest first.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows
WHERE finished_at IS NOT NULL AND failed = 0 AND cancelled > 0 AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_completed_workflows
-- Workflows whose jobs have all completed: most of them, so the walk is short, newest first.
SELECT id, name, created_at, finished_at, unfinished, completed, failed, cancelled FROM workflows
WHERE finished_at IS NOT NULL AND failed = 0 AND cancelled = 0 AND id < :before ORDER BY id DESC LIMIT :most;

-- name: members_of
-- The jobs of a workflow, in the order in which they were stored.
SELECT j.id, j.type, j.status FROM workflow_jobs AS m JOIN jobs AS j ON j.id = m.job_id
WHERE m.workflow_id = :id AND m.job_id > :after ORDER BY m.job_id LIMIT :most;

-- name: edges_within
-- Which jobs of a workflow wait or waited for which others of it.
SELECT p.parent_id, p.job_id, p.state FROM workflow_jobs AS m JOIN job_parents AS p ON p.job_id = m.job_id
JOIN workflow_jobs AS other ON other.job_id = p.parent_id
WHERE m.workflow_id = :id AND other.workflow_id = :id ORDER BY p.job_id, p.position LIMIT :most;

-- name: unfinished_members
-- Some jobs of a workflow that have not ended and that nobody has asked to cancel.
SELECT j.id FROM workflow_jobs AS m JOIN jobs AS j ON j.id = m.job_id
WHERE m.workflow_id = :id AND j.status IN ('scheduled', 'blocked', 'pending', 'processing') AND j.cancel_requested = 0
ORDER BY m.job_id LIMIT :most;

-- name: unsuccessful_members
-- Some jobs of a workflow that failed or were cancelled, in the order in which they were stored.
SELECT j.id FROM workflow_jobs AS m JOIN jobs AS j ON j.id = m.job_id
WHERE m.workflow_id = :id AND m.job_id > :after AND j.status IN ('failed', 'cancelled') ORDER BY m.job_id LIMIT :most;

-- name: delete_member
-- A job that is deleted belongs nowhere.
DELETE FROM workflow_jobs WHERE job_id = :id;

-- name: delete_empty_workflows
-- Workflows whose last job is gone.
DELETE FROM workflows WHERE id IN (SELECT value FROM json_each(:ids))
  AND NOT EXISTS (SELECT 1 FROM workflow_jobs AS m WHERE m.workflow_id = workflows.id);
