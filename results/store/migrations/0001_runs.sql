-- One narrow row per run, for lists and look-ups; the whole record stands in documents.
CREATE TABLE runs (
    id         TEXT   PRIMARY KEY,
    experiment TEXT   NOT NULL,
    created    BIGINT NOT NULL, -- nanoseconds since 1970, UTC
    ended      BIGINT NOT NULL, -- the same; 0 while the run goes on
    status     TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    outcome    TEXT   NOT NULL, -- of the verdict; empty when not judged
    provider   TEXT   NOT NULL,
    trials     BIGINT NOT NULL,
    sha        TEXT   NOT NULL, -- of the build that is judged: the last of the run
    head_sha   TEXT   NOT NULL,
    dirty      BIGINT NOT NULL, -- 0 or 1
    ref        TEXT   NOT NULL,
    variant    TEXT   NOT NULL,
    host       TEXT   NOT NULL  -- fingerprint
);

CREATE INDEX runs_created    ON runs (created, id);
CREATE INDEX runs_experiment ON runs (experiment, created);
CREATE INDEX runs_status     ON runs (status, created);
CREATE INDEX runs_outcome    ON runs (outcome, created);
CREATE INDEX runs_sha        ON runs (sha, created);
CREATE INDEX runs_head_sha   ON runs (head_sha, created);
CREATE INDEX runs_ref        ON runs (ref, created);
CREATE INDEX runs_variant    ON runs (variant, created);
CREATE INDEX runs_host       ON runs (host, created);

CREATE TABLE documents (
    run     TEXT   PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    version BIGINT NOT NULL, -- results.Schema of the document
    body    TEXT   NOT NULL  -- results.Run as JSON
);
