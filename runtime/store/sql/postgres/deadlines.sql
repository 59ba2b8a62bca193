-- name: claimed_deadlines
-- Differs because PostgreSQL takes the ids as an array.
SELECT job_id, CASE WHEN next_at <= :now THEN 0 ELSE end_by END FROM job_deadlines
WHERE job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[]));

-- name: due_deadlines
-- Differs because others may be at it, or at the jobs: each passes over what another has locked.
SELECT d.job_id, j.type, j.status, EXISTS (SELECT 1 FROM job_attempts AS a WHERE a.job_id = d.job_id), d.start_by, d.end_by
FROM job_deadlines AS d JOIN jobs AS j ON j.id = d.job_id
WHERE d.next_at <= :now ORDER BY d.next_at, d.job_id LIMIT :most FOR UPDATE OF d, j SKIP LOCKED;

-- name: deadlines_of
-- Differs because PostgreSQL takes the ids as an array.
SELECT d.job_id, j.type, j.status, EXISTS (SELECT 1 FROM job_attempts AS a WHERE a.job_id = d.job_id), d.start_by, d.end_by
FROM job_deadlines AS d JOIN jobs AS j ON j.id = d.job_id
WHERE d.job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) ORDER BY d.job_id;

-- name: expire_job
-- Differs because many are one statement: each parameter is a column of all the rows.
UPDATE jobs SET status = 'cancelled', completed_at = expired.now, updated_at = expired.now, last_error = expired.reason
FROM unnest(CAST(:now[] AS double precision[]), CAST(:reason[] AS text[]), CAST(:id[] AS bigint[])) AS expired (now, reason, id)
WHERE jobs.id = expired.id AND jobs.status IN ('scheduled', 'blocked', 'pending');

-- name: look_again
-- Differs because many are one statement: each parameter is a column of all the rows.
UPDATE job_deadlines SET next_at = later.next_at
FROM unnest(CAST(:next_at[] AS double precision[]), CAST(:job_id[] AS bigint[])) AS later (next_at, job_id)
WHERE job_deadlines.job_id = later.job_id;

-- name: delete_deadline
-- Differs because many are one statement.
DELETE FROM job_deadlines WHERE job_id = ANY (CAST(:job_id[] AS bigint[]));
