-- name: enter_lanes
-- Differs because several write at once. Rows locked in one order were tried: a group commit holds those of one function while the next wants others, and with three workers each second ended in a deadlock.
SELECT CAST(pg_advisory_xact_lock(CAST(CAST(CAST('lanes' AS regclass) AS oid) AS bigint)) AS text);

-- name: enter_lanes_of
-- Differs because others write at the same time, as above.
SELECT CAST(pg_advisory_xact_lock(CAST(CAST(CAST('lanes' AS regclass) AS oid) AS bigint)) AS text)
WHERE EXISTS (SELECT 1 FROM lane_slots WHERE job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])));

-- name: enter_lanes_if_limited
-- Differs because others write at the same time, as above.
SELECT CAST(pg_advisory_xact_lock(CAST(CAST(CAST('lanes' AS regclass) AS oid) AS bigint)) AS text)
WHERE EXISTS (SELECT 1 FROM type_limits);

-- name: add_lane
-- Differs because many are one statement: each parameter is a column of all the rows.
INSERT INTO lanes (type, key, tokens, updated_at)
SELECT * FROM unnest(
    CAST(:type[] AS text[]), CAST(:key[] AS text[]), CAST(:tokens[] AS double precision[]), CAST(:updated_at[] AS double precision[])
) ON CONFLICT (type, key) DO NOTHING;

-- name: hold_lanes
-- Differs because others may be about to change them: all lock them in one order, those of types first, so that none waits in a circle.
SELECT type, key, tokens, updated_at, running, parked, opens_at FROM lanes
WHERE (type, key) IN (SELECT lane ->> 0, lane ->> 1 FROM json_array_elements(CAST(:lanes AS json)) AS lane)
ORDER BY key <> '', type, key FOR UPDATE;

-- name: save_lane
-- Differs because many are one statement.
UPDATE lanes SET tokens = told.tokens, updated_at = told.updated_at, running = told.running, parked = told.parked, opens_at = told.opens_at
FROM unnest(
    CAST(:type[] AS text[]), CAST(:key[] AS text[]), CAST(:tokens[] AS double precision[]),
    CAST(:updated_at[] AS double precision[]), CAST(:running[] AS integer[]), CAST(:parked[] AS integer[]),
    CAST(:opens_at[] AS double precision[])
) AS told (type, key, tokens, updated_at, running, parked, opens_at)
WHERE lanes.type = told.type AND lanes.key = told.key;

-- name: add_slot
-- Differs because many are one statement.
INSERT INTO lane_slots (job_id, key, type, claims)
SELECT * FROM unnest(
    CAST(:job_id[] AS bigint[]), CAST(:key[] AS text[]), CAST(:type[] AS text[]), CAST(:claims[] AS integer[])
) ON CONFLICT (job_id, key) DO UPDATE SET claims = excluded.claims;

-- name: free_slots
-- Differs because PostgreSQL takes the ids as an array.
DELETE FROM lane_slots WHERE job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) AND claims = :claims RETURNING type, key;

-- name: free_places
-- Differs because others may be about to change them: all lock them in one order.
WITH held AS MATERIALIZED (
    SELECT lanes.type, lanes.key, told.places FROM (
        SELECT lane ->> 0 AS type, lane ->> 1 AS key, CAST(lane ->> 2 AS integer) AS places
        FROM json_array_elements(CAST(:places AS json)) AS lane
    ) AS told JOIN lanes ON lanes.type = told.type AND lanes.key = told.key
    ORDER BY lanes.key <> '', lanes.type, lanes.key FOR UPDATE OF lanes
)
UPDATE lanes SET running = GREATEST(0, lanes.running - held.places) FROM held
WHERE lanes.type = held.type AND lanes.key = held.key RETURNING lanes.type, lanes.key, lanes.parked;

-- name: park_jobs
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET status = 'blocked', locked_by = NULL, locked_at = NULL, updated_at = :now
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) RETURNING id, priority, scheduled_at;

-- name: add_parked
-- Differs because many are one statement.
INSERT INTO parked_jobs (job_id, type, key, priority, scheduled_at)
SELECT * FROM unnest(
    CAST(:job_id[] AS bigint[]), CAST(:type[] AS text[]), CAST(:key[] AS text[]), CAST(:priority[] AS integer[]),
    CAST(:scheduled_at[] AS double precision[])
)
ON CONFLICT (job_id) DO UPDATE SET type = excluded.type, key = excluded.key, priority = excluded.priority, scheduled_at = excluded.scheduled_at;

-- name: parked_heads
-- Differs because PostgreSQL reads JSON in another way.
SELECT head.job_id, told.type, told.key
FROM (SELECT lane ->> 0 AS type, lane ->> 1 AS key FROM json_array_elements(CAST(:lanes AS json)) AS lane) AS told
CROSS JOIN LATERAL (
    SELECT job_id FROM parked_jobs AS parked WHERE parked.type = told.type AND parked.key = told.key
    ORDER BY parked.priority DESC, parked.scheduled_at, parked.job_id LIMIT :most
) AS head;

-- name: forget_parked
-- Differs because PostgreSQL takes the ids as an array.
DELETE FROM parked_jobs WHERE job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[]));

-- name: unpark_jobs
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET status = CASE WHEN scheduled_at <= :now THEN 'pending' ELSE 'scheduled' END, updated_at = :now
WHERE id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[])) AND status = 'blocked' RETURNING id, type, status;
