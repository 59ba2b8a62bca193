-- name: ready_jobs
-- Differs because several workers claim at once: each locks what it takes and passes over what others have locked. It claims at the same time, so that a row is written once. (MATERIALIZED: else the LIMIT could be evaluated again for each row. From the oldest on: the index keeps what was claimed until a vacuum, and `outlook` has just passed over all of that.)
WITH due AS MATERIALIZED (
    SELECT id FROM jobs WHERE status = 'pending' AND type = :type AND priority = :priority AND scheduled_at >= :oldest
    ORDER BY scheduled_at, id LIMIT :most FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE jobs SET status = 'processing', claims = jobs.claims + 1,
        locked_by = :worker, locked_at = :now, updated_at = :now
    FROM due WHERE jobs.id = due.id
    RETURNING jobs.id, jobs.type, jobs.payload, jobs.attempts, jobs.max_attempts, jobs.crashes, jobs.claims, jobs.scheduled_at
)
SELECT id, type, payload, attempts, max_attempts, crashes, claims FROM taken ORDER BY scheduled_at, id;

-- name: claim_job
-- Differs because `ready_jobs` has claimed it: nothing is left to do.
;

-- name: claim_jobs
-- Differs because `ready_jobs` has claimed them: nothing is left to do.
;

-- name: complete_job
-- Differs because the status must be hidden from PostgreSQL's planner: see `complete_jobs`.
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id = :id AND status || '' = 'processing' AND locked_by = :worker AND claims = :claims;

-- name: complete_jobs
-- Differs because PostgreSQL takes the ids as an array. It hides the status from the planner, which else reads the small index of what runs, and in it all that this worker has finished since the last vacuum.
UPDATE jobs SET status = 'completed', completed_at = :now, updated_at = :now, attempts = :attempts, cancel_requested = 0
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[]))
  AND status || '' = 'processing' AND locked_by = :worker AND claims = :claims;

-- name: promote_due
-- Differs because several promoters may be at it: each passes over what another has locked.
WITH due AS MATERIALIZED (
    SELECT id FROM jobs WHERE status = 'scheduled' AND scheduled_at <= :now
    ORDER BY scheduled_at, id LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE jobs SET status = 'pending', updated_at = :now FROM due WHERE jobs.id = due.id RETURNING jobs.type;
