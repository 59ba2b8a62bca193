-- name: ready_jobs
-- Differs because here looking and claiming are two statements: an UPDATE that returns its rows takes twice as long.
SELECT id, type, payload, attempts, max_attempts, crashes, claims + 1 FROM jobs
WHERE status = 'pending' AND type = :type AND priority = :priority
ORDER BY scheduled_at, id LIMIT :most;

-- name: claim_job
-- Differs because here looking and claiming are two statements. (The plus keeps it from searching by status.)
UPDATE jobs SET status = 'processing', claims = claims + 1, locked_by = :worker, locked_at = :now, updated_at = :now
WHERE id = :id AND +status = 'pending';

-- name: claim_jobs
-- Differs because SQLite has no arrays: the ids come as JSON.
UPDATE jobs SET status = 'processing', claims = claims + 1, locked_by = :worker, locked_at = :now, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND +status = 'pending';

-- name: complete_job
-- Differs because SQLite must be kept from searching by worker, by a plus.
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id = :id AND status = 'processing' AND +locked_by = :worker AND claims = :claims;

-- name: complete_jobs
-- Differs because SQLite has no arrays: the ids come as JSON. (The plus keeps it from searching by worker.)
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id IN (SELECT value FROM json_each(:ids))
  AND status = 'processing' AND +locked_by = :worker AND claims = :claims;
