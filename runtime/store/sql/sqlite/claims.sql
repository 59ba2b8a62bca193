-- name: claim_from_arm
-- Differs because only one connection writes at a time, so nobody else can be taking the same rows.
UPDATE jobs SET status = 'processing', claims = claims + 1, locked_by = :worker, locked_at = :now, updated_at = :now
WHERE id IN (
    SELECT id FROM jobs WHERE status = 'pending' AND type = :type AND priority = :priority
    ORDER BY scheduled_at, id LIMIT :most
)
RETURNING scheduled_at, id, type, payload, attempts, max_attempts, crashes, claims, locked_at;

-- name: complete_jobs
-- Differs because SQLite has no arrays: the ids come as JSON. (The plus keeps it from searching by worker.)
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id IN (SELECT value FROM json_each(:ids))
  AND status = 'processing' AND +locked_by = :worker AND claims = :claims;
