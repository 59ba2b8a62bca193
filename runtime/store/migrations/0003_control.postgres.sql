-- What handlers returned: only of jobs that returned something.
CREATE TABLE job_results (
    job_id     BIGINT PRIMARY KEY,
    result     TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL
);

-- How far a job is, as its newest attempt said last. `number` grows: of two writes the newer stands.
CREATE TABLE job_progress (
    job_id      BIGINT PRIMARY KEY,
    claim       INTEGER NOT NULL,
    number      BIGINT NOT NULL,
    fraction    DOUBLE PRECISION NOT NULL,
    message     TEXT NOT NULL,
    reported_at DOUBLE PRECISION NOT NULL
) WITH (fillfactor = 50);

-- The newest lines of each job's log.
CREATE TABLE job_logs (
    job_id    BIGINT NOT NULL,
    claim     INTEGER NOT NULL,
    number    BIGINT NOT NULL,
    level     TEXT NOT NULL,
    text      TEXT NOT NULL,
    logged_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (job_id, claim, number)
);

-- Jobs that must start or be done by a moment; next_at is when somebody has to look at them.
CREATE TABLE job_deadlines (
    job_id   BIGINT PRIMARY KEY,
    start_by DOUBLE PRECISION,
    end_by   DOUBLE PRECISION,
    next_at  DOUBLE PRECISION NOT NULL
);
CREATE INDEX job_deadlines_next ON job_deadlines (next_at, job_id);
