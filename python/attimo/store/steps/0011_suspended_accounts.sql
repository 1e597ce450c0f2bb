-- Operators suspend, resume and delete accounts, and invite people to found one.
-- Nodes are told which accounts are suspended.

ALTER TABLE accounts ADD COLUMN suspended_at INTEGER;
ALTER TABLE accounts ADD COLUMN deleted_at INTEGER;
ALTER TABLE accounts ADD COLUMN revision INTEGER DEFAULT '0' NOT NULL;
CREATE INDEX accounts_by_revision ON accounts (revision);
ALTER TABLE invitations ADD COLUMN founds_account BOOLEAN DEFAULT 0 NOT NULL;
