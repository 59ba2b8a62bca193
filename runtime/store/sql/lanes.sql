-- name: list_type_limits
-- Every limit beside the rates, also those that an operator switched off.
SELECT type, kind, value, source FROM type_limits ORDER BY type, kind;

-- name: save_type_limit
-- A limit as it is from now on.
INSERT INTO type_limits (type, kind, value, source) VALUES (:type, :kind, :value, :source)
ON CONFLICT (type, kind) DO UPDATE SET value = excluded.value, source = excluded.source;

-- name: delete_type_limit
-- What the application declared and does not declare any more.
DELETE FROM type_limits WHERE type = :type AND kind = :kind AND source = 'declared';

-- name: enter_lanes
-- Until this transaction ends nobody else changes lanes: writers take turns anyway.
SELECT '';

-- name: enter_lanes_of
-- The same, if one of these jobs has a place in them.
SELECT '' WHERE EXISTS (SELECT 1 FROM lane_slots WHERE job_id IN (SELECT value FROM json_each(:ids)));

-- name: enter_lanes_if_limited
-- The same, if there is a limit to keep.
SELECT '' WHERE EXISTS (SELECT 1 FROM type_limits);

-- name: add_lane
-- A lane that nobody has used yet; it may be there already.
INSERT INTO lanes (type, key, tokens, updated_at) VALUES (:type, :key, :tokens, :updated_at)
ON CONFLICT (type, key) DO NOTHING;

-- name: hold_lanes
-- Lanes, for a transaction that is about to change them.
SELECT type, key, tokens, updated_at, running, parked, opens_at FROM lanes
WHERE (type, key) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:lanes));

-- name: find_lane
-- A lane as it is.
SELECT type, key, tokens, updated_at, running, parked, opens_at FROM lanes WHERE type = :type AND key = :key;

-- name: save_lane
-- A lane as it is from now on. (It is there; but many at once are one statement only where they are inserted.)
INSERT INTO lanes (type, key, tokens, updated_at, running, parked, opens_at)
VALUES (:type, :key, :tokens, :updated_at, :running, :parked, :opens_at)
ON CONFLICT (type, key) DO UPDATE SET tokens = excluded.tokens, updated_at = excluded.updated_at,
    running = excluded.running, parked = excluded.parked, opens_at = excluded.opens_at;

-- name: add_slot
-- A job that starts takes its place in a lane.
INSERT INTO lane_slots (job_id, key, type, claims) VALUES (:job_id, :key, :type, :claims)
ON CONFLICT (job_id, key) DO UPDATE SET claims = excluded.claims;

-- name: free_slots
-- These claims of jobs have ended: their places are free.
DELETE FROM lane_slots WHERE job_id IN (SELECT value FROM json_each(:ids)) AND claims = :claims RETURNING type, key;

-- name: free_places
-- So many places in lanes are free again; whether jobs are parked there.
UPDATE lanes SET running = CASE WHEN running > told.places THEN running - told.places ELSE 0 END
FROM (
    SELECT json_extract(value, '$[0]') AS type, json_extract(value, '$[1]') AS key, json_extract(value, '$[2]') AS places
    FROM json_each(:places)
) AS told
WHERE lanes.type = told.type AND lanes.key = told.key RETURNING type, key, parked;

-- name: add_slots_of_type
-- What runs already takes a place, where a limit on a type is new.
INSERT INTO lane_slots (job_id, key, type, claims)
SELECT id, '', type, claims FROM jobs WHERE status = 'processing' AND type = :type ON CONFLICT (job_id, key) DO NOTHING;

-- name: count_slots_of_type
-- The lane of a type counts its places; when somebody has to look at them again.
UPDATE lanes SET running = (SELECT COUNT(*) FROM lane_slots AS s WHERE s.type = :type AND s.key = ''),
    opens_at = CAST(:again_at AS double precision)
WHERE type = :type AND key = '';

-- name: forget_stray_slots
-- Places in the lane of a type whose jobs had ended when they were given them.
DELETE FROM lane_slots WHERE type = :type AND key = '' AND NOT EXISTS (
    SELECT 1 FROM jobs WHERE jobs.id = lane_slots.job_id AND jobs.status = 'processing' AND jobs.claims = lane_slots.claims
);

-- name: forget_slots
-- Nobody counts any more how many jobs of a type, or of its keys, run.
DELETE FROM lane_slots WHERE type = :type AND (key = '') = (:keyed = 0);

-- name: empty_lanes
-- The lanes of a type, or of its keys, hold no places any more.
UPDATE lanes SET running = 0 WHERE type = :type AND (key = '') = (:keyed = 0) AND running <> 0;

-- name: park_jobs
-- Jobs that were claimed, and whose keys have no room, wait for it; no attempt is used.
UPDATE jobs SET status = 'blocked', locked_by = NULL, locked_at = NULL, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) RETURNING id, priority, scheduled_at;

-- name: add_parked
-- In which lane a job is parked, and at which place.
INSERT INTO parked_jobs (job_id, type, key, priority, scheduled_at) VALUES (:job_id, :type, :key, :priority, :scheduled_at)
ON CONFLICT (job_id) DO UPDATE SET type = excluded.type, key = excluded.key, priority = excluded.priority, scheduled_at = excluded.scheduled_at;

-- name: parked_heads
-- Which parked jobs of lanes come first: so many of each.
SELECT parked.job_id, parked.type, parked.key
FROM (SELECT json_extract(value, '$[0]') AS type, json_extract(value, '$[1]') AS key FROM json_each(:lanes)) AS told
JOIN parked_jobs AS parked ON parked.job_id IN (
    SELECT head.job_id FROM parked_jobs AS head WHERE head.type = told.type AND head.key = told.key
    ORDER BY head.priority DESC, head.scheduled_at, head.job_id LIMIT :most
);

-- name: forget_parked
-- These jobs are parked no more.
DELETE FROM parked_jobs WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: unpark_jobs
-- Jobs whose lane has opened are due, or will be; they keep their age. One that is not blocked any more was cancelled meanwhile.
UPDATE jobs SET status = CASE WHEN scheduled_at <= :now THEN 'pending' ELSE 'scheduled' END, updated_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'blocked' RETURNING id, type, status;

-- name: due_lanes
-- Lanes that may have room again.
SELECT type, key FROM lanes WHERE opens_at <= :now ORDER BY opens_at LIMIT :most;

-- name: next_opening
-- When the next lane may have room again.
SELECT opens_at FROM lanes WHERE opens_at IS NOT NULL ORDER BY opens_at LIMIT 1;

-- name: reopen_lanes
-- The limits of a type have changed: whoever is parked may start now.
UPDATE lanes SET opens_at = :now WHERE type = :type AND parked > 0;

-- name: lane_of_parked
-- In which lane a job is parked.
SELECT type, key FROM parked_jobs WHERE job_id = :job_id;

-- name: lanes_in_use
-- Whether the end of a job can free a place.
SELECT CASE WHEN EXISTS (SELECT 1 FROM lane_slots) THEN 1 ELSE 0 END;

-- name: prune_lanes
-- Lanes that are as good as new: nothing runs or is parked, and their buckets have been full for long.
DELETE FROM lanes WHERE (type, key) IN (
    SELECT type, key FROM lanes WHERE type = :type AND running = 0 AND parked = 0 AND updated_at < :before LIMIT :most
);

-- name: types_with_lanes
-- The types that have lanes: from one to the next, never all of them.
WITH RECURSIVE known (type) AS (
    SELECT MIN(type) FROM lanes
    UNION ALL
    SELECT (SELECT MIN(lanes.type) FROM lanes WHERE lanes.type > known.type) FROM known WHERE known.type IS NOT NULL
)
SELECT type FROM known WHERE type IS NOT NULL;
