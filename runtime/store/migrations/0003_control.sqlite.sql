-- What handlers returned: only of jobs that returned something.
CREATE TABLE job_results (
    job_id     INTEGER PRIMARY KEY,
    result     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

-- How far a job is, as its newest attempt said last. `number` grows: of two writes the newer stands.
CREATE TABLE job_progress (
    job_id      INTEGER PRIMARY KEY,
    claim       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    fraction    REAL NOT NULL,
    message     TEXT NOT NULL,
    reported_at REAL NOT NULL
) STRICT;

-- The newest lines of each job's log.
CREATE TABLE job_logs (
    job_id    INTEGER NOT NULL,
    claim     INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    level     TEXT NOT NULL,
    text      TEXT NOT NULL,
    logged_at REAL NOT NULL,
    PRIMARY KEY (job_id, claim, number)
) STRICT, WITHOUT ROWID;

-- Jobs that must start or be done by a moment; next_at is when somebody has to look at them.
CREATE TABLE job_deadlines (
    job_id   INTEGER PRIMARY KEY,
    start_by REAL,
    end_by   REAL,
    next_at  REAL NOT NULL
) STRICT;
CREATE INDEX job_deadlines_next ON job_deadlines (next_at, job_id);
