-- How requests of each cache ended, by the minute and hour.

CREATE TABLE outcome_minutes (
    cache_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (cache_id, at)
) WITHOUT ROWID;
CREATE TABLE outcome_hours (
    cache_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (cache_id, at)
) WITHOUT ROWID;
