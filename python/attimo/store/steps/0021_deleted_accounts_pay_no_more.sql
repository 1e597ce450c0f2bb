-- The provider of payments is told that a deleted account is no customer any more.

ALTER TABLE payers ADD COLUMN is_ended BOOLEAN DEFAULT 0 NOT NULL;
