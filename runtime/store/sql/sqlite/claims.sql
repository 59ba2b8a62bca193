-- name: ready_jobs
-- Differs because each row fetched from SQLite gives up Python's lock and waits to get it back: so one row of JSON for all.
SELECT json_group_array(
    json_array(id, type, payload, attempts, max_attempts, crashes, claims + 1) ORDER BY scheduled_at, id
) FROM (
    SELECT id, type, payload, attempts, max_attempts, crashes, claims, scheduled_at FROM jobs
    WHERE status = 'pending' AND type = :type AND priority = :priority
    ORDER BY scheduled_at, id LIMIT :most
);

-- name: claim_jobs
-- Differs because SQLite has no arrays: the ids come as JSON.
UPDATE jobs SET status = 'processing', claims = claims + 1, locked_by = :worker, locked_at = :now, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND +status = 'pending';

-- name: complete_jobs
-- Differs because SQLite has no arrays: the ids come as JSON. (The plus keeps it from searching by worker.)
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id IN (SELECT value FROM json_each(:ids))
  AND status = 'processing' AND +locked_by = :worker AND claims = :claims;
