-- Which job waits for which. An edge is open until the parent has ended as the job wants it; where the
-- parent's failure cancelled the job, that is noted, so that a retry of the parent brings the job back.
CREATE TABLE job_parents (
    parent_id  INTEGER NOT NULL,
    job_id     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    on_failure TEXT NOT NULL CHECK (on_failure IN ('cancel', 'run', 'wait')),
    state      TEXT NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    PRIMARY KEY (parent_id, job_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_parents_of ON job_parents (job_id, position);

-- How many of its parents a job still waits for: counted down, never counted again.
CREATE TABLE job_waits (job_id INTEGER PRIMARY KEY, open INTEGER NOT NULL CHECK (open >= 0)) STRICT;

-- Jobs that belong together. The id is that of the first one.
CREATE TABLE workflows (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    finished_at REAL,
    unfinished  INTEGER NOT NULL CHECK (unfinished >= 0),
    completed   INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    cancelled   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE workflow_jobs (job_id INTEGER PRIMARY KEY, workflow_id INTEGER NOT NULL) STRICT;
CREATE INDEX workflow_jobs_of ON workflow_jobs (workflow_id, job_id);
