-- name: next_job_id
-- Differs because only one connection writes at a time: the next id is a row, read and saved once a group.
SELECT next FROM job_ids WHERE only = 1;

-- name: save_next_job_id
-- Differs because only one connection writes at a time: the next id is a row, read and saved once a group.
UPDATE job_ids SET next = :next WHERE only = 1;

-- name: lock_job_ids
-- Differs because SQLite has one write lock: an enqueue on somebody else's connection takes it before it reads.
UPDATE job_ids SET next = next WHERE only = 1;
