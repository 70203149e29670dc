-- Which complete runs calibrated what, so that a gate finds the newest of its host and experiment without reading documents.
CREATE TABLE calibrations (
    run        TEXT   PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    host       TEXT   NOT NULL, -- fingerprint
    experiment TEXT   NOT NULL,
    created    BIGINT NOT NULL  -- nanoseconds since 1970, UTC
);

CREATE INDEX calibrations_of ON calibrations (host, experiment, created);
