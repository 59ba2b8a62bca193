-- name: add_to_counts
-- Differs because transactions of many processes would wait for each other at one row: each appends.
INSERT INTO job_count_changes (type, status, count)
SELECT * FROM unnest(CAST(:type[] AS text[]), CAST(:status[] AS text[]), CAST(:change[] AS bigint[]));

-- name: add_to_counts_by_row
-- Differs because it is for a few rows, each without arrays.
INSERT INTO job_count_changes (type, status, count) VALUES (:type, :status, :change);

-- name: add_to_history
-- Differs because transactions of many processes would wait for each other at one row: each appends.
INSERT INTO job_history_changes (minute, type, outcome, count)
SELECT * FROM unnest(
    CAST(:minute[] AS bigint[]), CAST(:type[] AS text[]), CAST(:outcome[] AS text[]), CAST(:times[] AS bigint[])
);

-- name: read_counts
-- Differs because a part of the truth is in the appended changes.
SELECT type, status, CAST(SUM(count) AS bigint) FROM (
    SELECT type, status, count FROM job_counts UNION ALL SELECT type, status, count FROM job_count_changes
) AS told
GROUP BY type, status HAVING SUM(count) <> 0 ORDER BY type, status;

-- name: read_history
-- Differs because a part of the truth is in the appended changes.
SELECT minute, outcome, CAST(SUM(count) AS bigint) FROM (
    SELECT minute, outcome, count FROM job_history WHERE minute >= :since
    UNION ALL SELECT minute, outcome, count FROM job_history_changes WHERE minute >= :since
) AS told
GROUP BY minute, outcome;

-- name: negative_counters
-- Differs because a part of the truth is in the appended changes.
SELECT type FROM (
    SELECT type, status, count FROM job_counts UNION ALL SELECT type, status, count FROM job_count_changes
) AS told
GROUP BY type, status HAVING SUM(count) < 0 ORDER BY type;
