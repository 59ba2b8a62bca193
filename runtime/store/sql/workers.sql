-- name: register_worker
-- A worker says that it is there.
INSERT INTO workers (id, host, pid, boot, started_at, seen_at, beat, stale_after, runners, running, types)
VALUES (:id, :host, :pid, :boot, :now, :now, :beat, :stale_after, :runners, 0, :types)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, beat = excluded.beat;

-- name: beat
-- A worker is alive; no row: it was taken for dead.
UPDATE workers SET seen_at = :now, beat = :beat, running = :running, stopping = :stopping WHERE id = :id;

-- name: last_beat
-- When a worker last said that it is alive.
SELECT beat FROM workers WHERE id = :id;

-- name: keep_claimer
-- When a worker that claims last said that it is alive. Until it has claimed nobody buries it: writers take turns anyway.
SELECT beat FROM workers WHERE id = :id;

-- name: hold_suspect
-- When a worker that seems dead last said that it is alive. Until its jobs are given back it claims nothing: writers take turns anyway.
SELECT beat FROM workers WHERE id = :id;

-- name: remove_worker
-- A worker has gone.
DELETE FROM workers WHERE id = :id;

-- name: list_workers
-- Every worker that has not gone.
SELECT id, host, pid, boot, started_at, seen_at, beat, stale_after, runners, running, types, stopping
FROM workers ORDER BY started_at, id;

-- name: orphan_owners
-- Who holds running jobs without a row of its own.
SELECT DISTINCT locked_by FROM jobs
WHERE status = 'processing' AND locked_by NOT IN (SELECT id FROM workers);
