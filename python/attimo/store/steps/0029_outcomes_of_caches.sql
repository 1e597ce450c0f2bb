-- How requests of each cache ended, by the minute and hour.

CREATE TABLE outcome_minutes (
    at INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    PRIMARY KEY (at, cache_id)
) WITHOUT ROWID;
CREATE TABLE outcome_hours (
    at INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    PRIMARY KEY (at, cache_id)
) WITHOUT ROWID;
CREATE TABLE outcomes_kept (
    seconds INTEGER NOT NULL,
    since INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    writer TEXT NOT NULL,
    portion INTEGER NOT NULL,
    PRIMARY KEY (seconds)
) WITHOUT ROWID;
INSERT INTO outcomes_kept (seconds, since, bytes, writer, portion) VALUES (60, 0, 0, '', 0), (3600, 0, 0, '', 0);
