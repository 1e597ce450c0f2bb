-- Nodes are told of the keys that verify signed URLs.
-- Keys that there are go to nodes with the whole directory.

ALTER TABLE url_keys ADD COLUMN revision INTEGER DEFAULT '0' NOT NULL;
CREATE INDEX url_keys_by_revision ON url_keys (revision);
