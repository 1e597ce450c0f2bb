-- Accounts can pay for what they use.

CREATE TABLE payers (
    account_id INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    since INTEGER,
    setup_id TEXT,
    setup_at INTEGER DEFAULT 0 NOT NULL,
    is_set_up BOOLEAN DEFAULT 1 NOT NULL,
    moved_to TEXT,
    plan TEXT,
    overrides TEXT,
    news TEXT CHECK (news IN ('failed', 'moved', 'settled')),
    PRIMARY KEY (account_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX payers_by_customer ON payers (customer_id);

CREATE TABLE invoices (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    failed_at INTEGER,
    settled_at INTEGER,
    PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX unpaid_invoices ON invoices (account_id) WHERE settled_at IS NULL;

CREATE TABLE meter_events (
    account_id INTEGER NOT NULL,
    meter TEXT NOT NULL,
    hour INTEGER NOT NULL,
    number INTEGER NOT NULL,
    value INTEGER NOT NULL,
    is_delivered BOOLEAN DEFAULT 0 NOT NULL,
    is_reported BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (account_id, meter, hour, number)
) WITHOUT ROWID;
CREATE INDEX meter_events_to_deliver ON meter_events (account_id, hour) WHERE NOT is_delivered;
