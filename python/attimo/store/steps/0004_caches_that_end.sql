-- Caches that end by themselves: those that there are never end.

ALTER TABLE caches ADD COLUMN expires_at INTEGER;
CREATE INDEX caches_that_end ON caches (expires_at)
    WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
