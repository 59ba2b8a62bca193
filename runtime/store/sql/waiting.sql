-- name: replace_waiting_job
-- A job that waits gets what a later enqueue under its key brings.
UPDATE jobs SET payload = :payload, priority = :priority, max_attempts = attempts + :max_attempts, scheduled_at = :scheduled_at,
    status = :status, updated_at = :now
WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending');

-- name: reschedule_job
-- A job that waits is due at another moment.
UPDATE jobs SET scheduled_at = :scheduled_at, status = :status, updated_at = :now
WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending');

-- name: prioritize_job
-- A job that waits has another priority.
UPDATE jobs SET priority = :priority, updated_at = :now
WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending');

-- name: unfinished_jobs
-- Some unfinished jobs that fit a filter, by id from behind one.
SELECT id FROM jobs
WHERE id > :after AND status IN ('scheduled', 'blocked', 'pending', 'processing')
  AND (CAST(:status AS text) IS NULL OR status = :status)
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (CAST(:priority AS integer) IS NULL OR priority = :priority)
  AND (CAST(:created_before AS double precision) IS NULL OR created_at < :created_before)
ORDER BY id LIMIT :most;

-- name: hold_unfinished
-- Those of these jobs that are not finished, as they are now.
SELECT id, type, status FROM jobs
WHERE id IN (SELECT value FROM json_each(:ids)) AND status IN ('scheduled', 'blocked', 'pending', 'processing') ORDER BY id;

-- name: cancel_waiting_jobs
-- Jobs that are not running end as cancelled at once.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status IN ('scheduled', 'blocked', 'pending');

-- name: request_cancels
-- The workers of running jobs are asked to cancel them.
UPDATE jobs SET cancel_requested = 1, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'processing';
