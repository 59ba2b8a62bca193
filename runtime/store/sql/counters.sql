-- name: add_to_counts
-- More or fewer jobs of a type in a status.
INSERT INTO job_counts (type, status, count) VALUES (:type, :status, :change)
ON CONFLICT (type, status) DO UPDATE SET count = job_counts.count + excluded.count;

-- name: add_to_history
-- More attempts that ended so in this minute.
INSERT INTO job_history (minute, type, outcome, count) VALUES (:minute, :type, :outcome, :times)
ON CONFLICT (minute, type, outcome) DO UPDATE SET count = job_history.count + excluded.count;

-- name: read_counts
-- Jobs by type and status, from the counters.
SELECT type, status, count FROM job_counts WHERE count <> 0 ORDER BY type, status;

-- name: read_history
-- Attempts by minute and outcome since a minute.
SELECT minute, outcome, SUM(count) FROM job_history WHERE minute >= :since GROUP BY minute, outcome;

-- name: count_unreviewed
-- Dead letters nobody has looked at; few, or somebody should.
SELECT COUNT(*) FROM dead_letter_jobs WHERE reviewed = 0;

-- name: prune_history
-- Minutes older than what is shown.
DELETE FROM job_history WHERE minute < :before;
