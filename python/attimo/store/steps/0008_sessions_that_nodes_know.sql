-- Nodes are told of sessions, whose tokens they take.
-- Sessions that there are go to nodes with the whole directory.

ALTER TABLE sessions ADD COLUMN revision INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE sessions ADD COLUMN ended_at INTEGER;
CREATE INDEX sessions_by_revision ON sessions (revision);
