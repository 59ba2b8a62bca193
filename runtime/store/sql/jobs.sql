-- name: insert_job
-- One new job.
INSERT INTO jobs (id, type, payload, status, priority, max_attempts, key, scheduled_at, created_at, updated_at)
VALUES (:id, :type, :payload, :status, :priority, :max_attempts, :key, :scheduled_at, :created_at, :created_at);

-- name: insert_alike_jobs
-- New jobs with ids in a row that differ in their payloads alone.
INSERT INTO jobs (id, type, payload, status, priority, max_attempts, scheduled_at, created_at, updated_at)
SELECT :first + key, :type, value, :status, :priority, :max_attempts, :scheduled_at, :created_at, :created_at
FROM json_each(:payloads);

-- name: find_job
-- The job of that id.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE id = :id;

-- name: is_stored
-- Whether this very job was stored: a number may come again where a crash took the first that had it.
SELECT 1 FROM jobs WHERE id = :id AND created_at = :created_at;

-- name: list_jobs
-- Any jobs, newest first.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE id < :before ORDER BY id DESC LIMIT :most;

-- name: list_jobs_by_status
-- Jobs in a status, newest first.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE status = :status AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_jobs_by_type
-- Jobs of a type, newest first.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE type = :type AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_jobs_by_status_and_type
-- Jobs of a type in a status, newest first.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE status = :status AND type = :type AND id < :before ORDER BY id DESC LIMIT :most;

-- name: list_few_jobs_by_status
-- The same where they are few: found by the index of that status and sorted, instead of met on a walk over all jobs.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE status = :status AND +id < :before ORDER BY +id DESC LIMIT :most;

-- name: list_few_jobs_by_status_and_type
-- Likewise, of one type.
SELECT id, type, payload, status, priority, attempts, max_attempts, crashes, claims, last_error, key,
       scheduled_at, created_at, updated_at, completed_at, locked_by, locked_at, cancel_requested
FROM jobs WHERE status = :status AND type = :type AND +id < :before ORDER BY +id DESC LIMIT :most;

-- name: list_attempts
-- The recorded runs of a job, in order.
SELECT attempt, outcome, error, worker, started_at, ended_at
FROM job_attempts WHERE job_id = :job_id ORDER BY claim;

-- name: find_key
-- Who holds a key, and whether still.
SELECT k.job_id FROM job_keys AS k JOIN jobs AS j ON j.id = k.job_id
WHERE k.type = :type AND k.key = :key
  AND (j.status IN ('scheduled', 'blocked', 'pending', 'processing') OR k.expires_at > :now);

-- name: take_key
-- The key is this job's now.
INSERT INTO job_keys (type, key, job_id, expires_at) VALUES (:type, :key, :job_id, :expires_at)
ON CONFLICT (type, key) DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at;

-- name: forget_keys_of
-- The keys of a job that is deleted.
DELETE FROM job_keys WHERE type = :type AND key = :key AND job_id = :job_id;

-- name: find_once_mark
-- Whether a guarded effect is done.
SELECT 1 FROM once_marks WHERE key = :key;

-- name: set_once_mark
-- A guarded effect is done.
INSERT INTO once_marks (key, job_id, done_at) VALUES (:key, :job_id, :now) ON CONFLICT (key) DO NOTHING;
