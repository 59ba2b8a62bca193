-- name: declare_schedule
-- A schedule as the application declares it; what an operator paused stays paused.
INSERT INTO cron_schedules (name, expression, timezone, missed, overlap, payload, checked_until)
VALUES (:name, :expression, :timezone, :missed, :overlap, :payload, :now)
ON CONFLICT (name) DO UPDATE SET
    expression = excluded.expression, timezone = excluded.timezone,
    missed = excluded.missed, overlap = excluded.overlap, payload = excluded.payload;

-- name: list_schedules
-- Every schedule.
SELECT name, expression, timezone, missed, overlap, payload, paused, checked_until, last_tick_at, last_job_id
FROM cron_schedules ORDER BY name;

-- name: find_schedule
-- The schedule of that name.
SELECT name, expression, timezone, missed, overlap, payload, paused, checked_until, last_tick_at, last_job_id
FROM cron_schedules WHERE name = :name;

-- name: pause_schedule
-- It fires or not.
UPDATE cron_schedules SET paused = :paused WHERE name = :name;

-- name: record_tick
-- The row that makes a tick happen at most once: its insert and the job are one transaction.
INSERT INTO cron_ticks (name, tick_at, job_id) VALUES (:name, :tick_at, :job_id) ON CONFLICT (name, tick_at) DO NOTHING;

-- name: note_tick_job
-- The job that a tick became; one that was skipped has none.
UPDATE cron_ticks SET job_id = :job_id WHERE name = :name AND tick_at = :tick_at;

-- name: advance_schedule
-- How far a schedule's ticks are dealt with; it never goes back.
UPDATE cron_schedules SET
    checked_until = CASE WHEN :now > checked_until THEN :now ELSE checked_until END,
    last_tick_at = COALESCE(:tick_at, last_tick_at),
    last_job_id = COALESCE(:job_id, last_job_id)
WHERE name = :name;

-- name: is_unfinished
-- Whether a job is still on its way.
SELECT 1 FROM jobs WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending', 'processing');
