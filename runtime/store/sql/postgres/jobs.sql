-- name: draw_job_ids
-- Differs because ids come from a sequence: writers do not wait for each other.
SELECT nextval('job_ids') FROM generate_series(1, CAST(:number AS bigint));

-- name: insert_job
-- Differs because many jobs are one statement here: each parameter is a column of all the rows.
INSERT INTO jobs (id, type, payload, status, priority, max_attempts, key, scheduled_at, created_at, updated_at)
SELECT id, type, payload, status, priority, max_attempts, key, scheduled_at, created_at, created_at
FROM unnest(
    CAST(:id[] AS bigint[]), CAST(:type[] AS text[]), CAST(:payload[] AS text[]), CAST(:status[] AS text[]),
    CAST(:priority[] AS integer[]), CAST(:max_attempts[] AS integer[]), CAST(:key[] AS text[]),
    CAST(:scheduled_at[] AS double precision[]), CAST(:created_at[] AS double precision[])
) AS new (id, type, payload, status, priority, max_attempts, key, scheduled_at, created_at);

-- name: insert_job_by_row
-- Differs because it is for a few rows, each without arrays: after a pause, one out of nine arrays takes the server 0.15 ms more.
INSERT INTO jobs (id, type, payload, status, priority, max_attempts, key, scheduled_at, created_at, updated_at)
VALUES (:id, :type, :payload, :status, :priority, :max_attempts, :key, :scheduled_at, :created_at, :created_at);

-- name: insert_alike_jobs
-- Differs because ids come from a sequence that others draw from, too: they need not be in a row.
INSERT INTO jobs (id, type, payload, status, priority, max_attempts, scheduled_at, created_at, updated_at)
SELECT CAST(id AS bigint), CAST(:type AS text), payload, CAST(:status AS text), CAST(:priority AS integer),
       CAST(:max_attempts AS integer), CAST(:scheduled_at AS double precision),
       CAST(:created_at AS double precision), CAST(:created_at AS double precision)
FROM ROWS FROM (json_array_elements_text(:ids), json_array_elements_text(:payloads)) AS new (id, payload);
