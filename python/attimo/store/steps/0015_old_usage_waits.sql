-- A moment that the clock has shown: usage is old only if the clock still goes on a day later.

ALTER TABLE usage_kept ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
