-- name: fill_jobs
-- Rows :first to :last, alike but for their ids and moments, as enqueueing and running them would have left them.
WITH RECURSIVE number (id, moment) AS (
    SELECT CAST(:first AS bigint), CAST(:moment AS double precision)
    UNION ALL
    SELECT id + 1, moment + 0.001 FROM number WHERE id < :last
)
INSERT INTO jobs (id, type, payload, status, priority, attempts, max_attempts, claims, scheduled_at, created_at,
                  updated_at, completed_at, locked_by, locked_at)
SELECT id, :type, '{}', CAST(:status AS text), 5, :attempts, 5, :attempts, moment,
       CAST(:now AS double precision), :now,
       CASE WHEN :status = 'completed' THEN moment END,
       CASE WHEN :status = 'completed' THEN 'bench' END,
       CASE WHEN :status = 'completed' THEN :now END
FROM number;

-- name: forget_completed
-- What a round has completed, so that the next one finds as many rows as this one did.
DELETE FROM jobs WHERE status = 'completed' AND type = :type;

-- name: size_of_queue
-- Bytes of the whole file.
SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size();
