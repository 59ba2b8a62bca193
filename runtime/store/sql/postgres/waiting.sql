-- name: hold_unfinished
-- Differs because others claim and end jobs meanwhile: they wait until this is done, and PostgreSQL takes the ids as an array.
SELECT id, type, status FROM jobs
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[]))
  AND status IN ('scheduled', 'blocked', 'pending', 'processing') ORDER BY id FOR UPDATE;

-- name: cancel_waiting_jobs
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) AND status IN ('scheduled', 'blocked', 'pending');

-- name: request_cancels
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET cancel_requested = 1, updated_at = :now
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) AND status = 'processing';
