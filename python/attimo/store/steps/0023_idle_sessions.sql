-- Sessions end without use, too: `ends_at` is their end in any case, which `expires_at` was before.

ALTER TABLE sessions ADD COLUMN ends_at INTEGER DEFAULT 0 NOT NULL;
UPDATE sessions SET ends_at = expires_at;
