-- name: store_deadline
-- A job must start, or be done, by a moment.
INSERT INTO job_deadlines (job_id, start_by, end_by, next_at) VALUES (:job_id, :start_by, :end_by, :next_at)
ON CONFLICT (job_id) DO UPDATE SET
    start_by = excluded.start_by, end_by = excluded.end_by, next_at = excluded.next_at;

-- name: next_deadline
-- When the next job has to be looked at.
SELECT next_at FROM job_deadlines ORDER BY next_at, job_id LIMIT 1;

-- name: claimed_deadlines
-- Until when these jobs must be done, of those that have a deadline; 0 for those that have to be looked at first.
SELECT job_id, CASE WHEN next_at <= :now THEN 0 ELSE end_by END FROM job_deadlines
WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: due_deadlines
-- Jobs that have to be looked at, the earliest first.
SELECT d.job_id, j.type, j.status, EXISTS (SELECT 1 FROM job_attempts AS a WHERE a.job_id = d.job_id), d.start_by, d.end_by
FROM job_deadlines AS d JOIN jobs AS j ON j.id = d.job_id
WHERE d.next_at <= :now ORDER BY d.next_at, d.job_id LIMIT :most;

-- name: deadlines_of
-- The deadlines of these jobs, by id.
SELECT d.job_id, j.type, j.status, EXISTS (SELECT 1 FROM job_attempts AS a WHERE a.job_id = d.job_id), d.start_by, d.end_by
FROM job_deadlines AS d JOIN jobs AS j ON j.id = d.job_id
WHERE d.job_id IN (SELECT value FROM json_each(:ids)) ORDER BY d.job_id;

-- name: expire_job
-- A job that waits is cancelled, for the reason given.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now, last_error = :reason
WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending');

-- name: look_again
-- When a job with a deadline has to be looked at next.
UPDATE job_deadlines SET next_at = :next_at WHERE job_id = :job_id;

-- name: delete_deadline
-- A job whose deadline does not matter any more.
DELETE FROM job_deadlines WHERE job_id = :job_id;
