-- Names for what was released: of one run, or of a commit with all its runs.
CREATE TABLE releases (
    name    TEXT   PRIMARY KEY,
    run     TEXT   NOT NULL, -- its id; empty when the commit is named
    sha     TEXT   NOT NULL, -- full, of the commit measured; of a run that knows none empty
    created BIGINT NOT NULL  -- when it was named: nanoseconds since 1970, UTC
);

-- All complete runs of a commit and an experiment, for comparisons.
CREATE INDEX runs_build      ON runs (sha, experiment, status, created);
CREATE INDEX runs_head_build ON runs (head_sha, experiment, status, created);
