-- Evictions in the ledger: of what was evicted before, nothing is known by cache.

ALTER TABLE usage ADD COLUMN evicted INTEGER DEFAULT '0' NOT NULL;
