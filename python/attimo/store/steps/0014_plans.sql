-- Plans limit what accounts use. The first account owns the server and is unlimited; others keep what
-- they have.

CREATE TABLE plans (
    name TEXT NOT NULL,
    limits TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID;
INSERT INTO plans (name, limits, created_at) VALUES
    ('free', '{"transfer_bytes_per_month":53687091200}', 0),
    ('unlimited', '{}', 0);

ALTER TABLE accounts ADD COLUMN plan TEXT DEFAULT 'free' NOT NULL;
ALTER TABLE accounts ADD COLUMN overrides TEXT DEFAULT '{}' NOT NULL;
UPDATE accounts SET plan = 'unlimited' WHERE id = 1;
CREATE INDEX accounts_of_a_plan ON accounts (plan);
