-- Every table, on one page: what the steps in `steps` add up to, letter by letter (a test compares
-- them, but for white space and comments). A change here needs a step, whose number `schema.py` tells.
--
-- Times are seconds since 1970 (UTC). `revision` is the directory's revision that last wrote the row.
-- What nodes know is never deleted: a row that is gone has the moment in `deleted_at`, `revoked_at` or
-- `retired_at`, so that nodes can be told, and so that the ledger's numbers keep their meaning. Only
-- sessions are deleted, when their time is over, which nodes know by themselves.
--
-- `made_by_…` is who made a row: the member, also through a key of theirs, and the key itself if it
-- was one. Both are unknown of what is older than step 0005, and of what the server made for itself.

-- The newest step that this database has taken, in one row. Alembic, which ran the steps once, had
-- it so.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- One row: the newest revision, and the newest number given to a cache's items.
CREATE TABLE directory (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    revision INTEGER NOT NULL,
    last_namespace INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO directory (id, revision, last_namespace) VALUES (1, 0, 0);

-- What an account may use: limits by name, as JSON; what has no limit is unlimited.
CREATE TABLE plans (
    name TEXT NOT NULL,
    limits TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID;
INSERT INTO plans (name, limits, created_at) VALUES
    ('free', '{"transfer_bytes_per_month":53687091200}', 0),
    ('unlimited', '{}', 0);

-- `overrides` replace limits of the plan; null is unlimited.
-- A deleted account keeps its name, for the ledger and the audit log.
CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER,
    deleted_at INTEGER,
    revision INTEGER DEFAULT '0' NOT NULL,
    plan TEXT DEFAULT 'free' NOT NULL,
    overrides TEXT DEFAULT '{}' NOT NULL
);
CREATE INDEX accounts_by_revision ON accounts (revision);
CREATE INDEX accounts_of_a_plan ON accounts (plan);

CREATE TABLE caches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    expires_at INTEGER,
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (namespace)
);
CREATE INDEX ix_caches_revision ON caches (revision);
CREATE UNIQUE INDEX one_cache_of_a_name ON caches (account_id, name) WHERE deleted_at IS NULL;
CREATE INDEX caches_that_end ON caches (expires_at)
    WHERE expires_at IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE signing_keys (
    kid TEXT NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kid)
);
CREATE INDEX ix_signing_keys_revision ON signing_keys (revision);

-- What is known of a key. The key itself is a signed token; only its SHA-256 is kept, and that is
-- unknown of keys that were made before there were roles.
-- A hidden one was never handed out: the tokens that a signed-in member makes end with it.
-- `role_id` is the id of a row in `roles`, or of a system role, which has none.
CREATE TABLE api_keys (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    description TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revision INTEGER NOT NULL,
    role_id TEXT DEFAULT 'owner' NOT NULL,
    hash BLOB,
    last_used_at INTEGER,
    made_by_user_id INTEGER,
    made_by_key_id TEXT,
    is_hidden BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_api_keys_revision ON api_keys (revision);
CREATE INDEX api_keys_of_an_account ON api_keys (account_id, id);

-- What makes a new key of one that ends. A token is good for once: its row goes when it is used.
CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    valid_for_seconds INTEGER NOT NULL, ends_at INTEGER,
    PRIMARY KEY (hash),
    FOREIGN KEY(key_id) REFERENCES api_keys (id)
);

-- What keys and members may, as JSON. The role of kind `key` belongs to the one key of its name.
CREATE TABLE roles (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('custom', 'key')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_roles_revision ON roles (revision);
CREATE UNIQUE INDEX one_role_of_a_name ON roles (account_id, name) WHERE deleted_at IS NULL;

-- The key pairs that an account has for signing URLs; the private half is kept nowhere.
CREATE TABLE url_keys (
    kid TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    made_by_user_id INTEGER,
    made_by_key_id TEXT,
    revision INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (kid),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX url_keys_of_an_account ON url_keys (account_id, kid);
CREATE INDEX url_keys_by_revision ON url_keys (revision);

-- Who did what, when and from where. Rows are only ever added; the database itself sees to it.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    peer TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX audit_of_an_account ON audit (account_id, id);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- People. An e-mail address is in lower case; of a password there is what argon2id made of it. The owner of
-- the machine, who signs in by a link, has neither: `email` is `server owner`, and the hash is empty.
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (email)
);

-- Which users belong to which account, and what they may there.
CREATE TABLE members (
    account_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role_id TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_members_user_id ON members (user_id);

-- Who may become a member; the row goes when that is done. With one that founds an account, the
-- operator has invited its first owner, who may be new to the server whatever its sign-up says.
CREATE TABLE invitations (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    role_id TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    made_by_user_id INTEGER,
    made_by_key_id TEXT,
    founds_account BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (hash)
);
CREATE INDEX ix_invitations_account_id ON invitations (account_id);

-- Who has signed in. `account_id` is 0 for a user without an account. `made_by_key_id` is the key of the
-- machine's owner who has signed in by a link: the session ends with it.
CREATE TABLE sessions (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revision INTEGER DEFAULT '0' NOT NULL,
    ended_at INTEGER, ends_at INTEGER DEFAULT 0 NOT NULL, made_by_key_id TEXT,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_by_revision ON sessions (revision);

-- Who may replace a forgotten password.
CREATE TABLE password_resets (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_password_resets_user_id ON password_resets (user_id);

-- Links with which the owner of the machine signs in. The row goes when that is done. Sessions from a link
-- end at `ends_at` at the latest, when its key expires.
CREATE TABLE sign_in_links (
    hash BLOB NOT NULL,
    account_id INTEGER NOT NULL,
    key_id TEXT,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER,
    PRIMARY KEY (hash)
);

-- The authenticator app of a user. Its secret is needed as it is, to calculate codes (TOTP). `last_step` is the
-- step of the last code, none of which is accepted twice; without `confirmed_at`, it was never used.
CREATE TABLE second_factors (
    user_id INTEGER NOT NULL,
    secret TEXT NOT NULL,
    last_step INTEGER DEFAULT 0 NOT NULL,
    confirmed_at INTEGER,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);

-- What stands in for a code of the app, once each.
CREATE TABLE recovery_codes (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX recovery_codes_of_a_user ON recovery_codes (user_id);

-- The passkeys of users. `id` and `public_key` are from the authenticator, which verifies its user;
-- `sign_count` is how often it said that it was used.
CREATE TABLE passkeys (
    id BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX passkeys_of_a_user ON passkeys (user_id);

-- Who has signed up and not confirmed the address yet.
CREATE TABLE sign_ups (
    hash BLOB NOT NULL,
    email TEXT NOT NULL,
    account_name TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash)
);
CREATE INDEX sign_ups_by_email ON sign_ups (email);

-- The usage batches that are in the ledger; a batch that is here is never counted again.
CREATE TABLE batches (
    node TEXT NOT NULL,
    number INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (node, number)
) WITHOUT ROWID;

-- The ledger: what keys did with caches through methods. A batch is added to the row of its minute, of
-- its hour and of its day (`at` is the first second of each), in one transaction. So each of the three
-- tables has all of it, as far back as it reaches; rows before `usage_kept` are read no more. Columns
-- `more_…` have what a count is beyond others: mostly zero, which takes no space.

-- Everything that is told apart, with a number, since the names are longer than the counts.
-- No foreign keys: cache 0 (no known cache) and the keys `local`, `token`, `session` and `server`
-- (evictions and stored data) have no row of their own. The account is the cache's or, without a known one, the key's,
-- or 0.
CREATE TABLE usage_series (
    id INTEGER NOT NULL PRIMARY KEY,
    cache_id INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    api TEXT NOT NULL,
    account_id INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_series_of_a_use ON usage_series (key_id, cache_id, api);

CREATE TABLE usage_minutes (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
CREATE TABLE usage_hours (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
CREATE TABLE usage_days (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;

-- The sums of each hour of an account, as far back as minutes are kept: who asks for the hours of a month
-- reads 720 rows, however much is told apart.
CREATE TABLE usage_account_hours (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    PRIMARY KEY (account_id, at)
) WITHOUT ROWID;

-- What caches stored, apart from the above: the byte-minutes of each hour of a day, of keys and values,
-- and in another row with the memory that items take beside them.
CREATE TABLE usage_stored (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    with_overhead INTEGER NOT NULL,
    h00 INTEGER DEFAULT 0 NOT NULL,
    h01 INTEGER DEFAULT 0 NOT NULL,
    h02 INTEGER DEFAULT 0 NOT NULL,
    h03 INTEGER DEFAULT 0 NOT NULL,
    h04 INTEGER DEFAULT 0 NOT NULL,
    h05 INTEGER DEFAULT 0 NOT NULL,
    h06 INTEGER DEFAULT 0 NOT NULL,
    h07 INTEGER DEFAULT 0 NOT NULL,
    h08 INTEGER DEFAULT 0 NOT NULL,
    h09 INTEGER DEFAULT 0 NOT NULL,
    h10 INTEGER DEFAULT 0 NOT NULL,
    h11 INTEGER DEFAULT 0 NOT NULL,
    h12 INTEGER DEFAULT 0 NOT NULL,
    h13 INTEGER DEFAULT 0 NOT NULL,
    h14 INTEGER DEFAULT 0 NOT NULL,
    h15 INTEGER DEFAULT 0 NOT NULL,
    h16 INTEGER DEFAULT 0 NOT NULL,
    h17 INTEGER DEFAULT 0 NOT NULL,
    h18 INTEGER DEFAULT 0 NOT NULL,
    h19 INTEGER DEFAULT 0 NOT NULL,
    h20 INTEGER DEFAULT 0 NOT NULL,
    h21 INTEGER DEFAULT 0 NOT NULL,
    h22 INTEGER DEFAULT 0 NOT NULL,
    h23 INTEGER DEFAULT 0 NOT NULL,
    whole INTEGER AS (
        h00 + h01 + h02 + h03 + h04 + h05 + h06 + h07 + h08 + h09 + h10 + h11
        + h12 + h13 + h14 + h15 + h16 + h17 + h18 + h19 + h20 + h21 + h22 + h23
    ),
    PRIMARY KEY (account_id, at, series_id, with_overhead)
) WITHOUT ROWID;

-- How requests of each cache ended, of all keys: by method, how many took how long, and errors by kind, in
-- bytes (`control/outcomes.py`). A minute is written when it is over, and added to its hour then.
CREATE TABLE outcome_minutes (
    at INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    PRIMARY KEY (at, cache_id)
) WITHOUT ROWID;
CREATE TABLE outcome_hours (
    at INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    PRIMARY KEY (at, cache_id)
) WITHOUT ROWID;

-- A row for minutes and one for hours, by their seconds: from which moment they are kept, if that is later
-- than in `usage_kept`, since they took too much; how many bytes they take; who wrote the last portion of
-- them, and its number (`control/unwritten.py`).
CREATE TABLE outcomes_kept (
    seconds INTEGER NOT NULL,
    since INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    writer TEXT NOT NULL,
    portion INTEGER NOT NULL,
    PRIMARY KEY (seconds)
) WITHOUT ROWID;
INSERT INTO outcomes_kept (seconds, since, bytes, writer, portion) VALUES (60, 0, 0, '', 0), (3600, 0, 0, '', 0);

-- One row: the first moment from which minutes are kept, where an hour begins, and hours, where a day
-- begins. Neither ever goes back. A moment that the clock has shown: a day later, what was too old then
-- is given up. And since when all counts are counted: before, only requests, errors, hits, misses, bytes,
-- KiB and evictions were.
CREATE TABLE usage_kept (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    minutes_since INTEGER NOT NULL,
    hours_since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL DEFAULT 0,
    all_counts_since INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO usage_kept (id, minutes_since, hours_since, all_counts_since) VALUES (1, 0, 0, 0);

-- One row: when the first month began that is not closed, a later month that the clock has shown, and
-- since when it shows it; without one, that is the first open month, too.
CREATE TABLE usage_closed (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    open_since INTEGER NOT NULL,
    next_month INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO usage_closed (id, open_since, next_month, seen_at) VALUES (1, -62135596800, -62135596800, 0);

-- What was used in a month that was closed when it arrived, `meant_for`. It is in the ledger, in the
-- month that begins at `booked_in`.
CREATE TABLE usage_late (
    account_id INTEGER NOT NULL,
    booked_in INTEGER NOT NULL,
    meant_for INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    commands INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    ecpu_thousandths INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    stored_byte_minutes INTEGER NOT NULL,
    stored_byte_minutes_with_overhead INTEGER NOT NULL,
    PRIMARY KEY (account_id, booked_in, meant_for)
) WITHOUT ROWID;

-- What an account has transferred in the month that begins at `month`, as the ledger books it.
CREATE TABLE transfer_months (
    account_id INTEGER NOT NULL,
    month INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, month)
) WITHOUT ROWID;

-- What an account wants to spend in a month at most, by the prices of a card, and what happens at each
-- percentage of it, as JSON.
CREATE TABLE budgets (
    account_id INTEGER NOT NULL,
    card TEXT NOT NULL,
    amount TEXT NOT NULL,
    effects TEXT NOT NULL,
    throttle_bytes_per_second INTEGER,
    PRIMARY KEY (account_id)
) WITHOUT ROWID;

-- Which share of an allowance an account has reached in a month. `is_told` is whether its members and
-- the metrics know.
CREATE TABLE allowance_marks (
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('transfer', 'budget')),
    month INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    used TEXT NOT NULL,
    allowed TEXT NOT NULL,
    is_told BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (account_id, kind, month, percent)
) WITHOUT ROWID;
CREATE INDEX marks_to_tell ON allowance_marks (account_id) WHERE NOT is_told;

-- Whose data requests are throttled or blocked, since an allowance of that month is used up.
CREATE TABLE holds (
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('transfer', 'budget')),
    month INTEGER NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('throttle', 'block')),
    bytes_per_second INTEGER,
    PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;

-- An account that has a customer at the provider of payments. Usage is sold from the hour `since` on;
-- NULL before there is a payment method. `setup_id` is what was entered last, at `setup_at` by the
-- provider's clock. After a failed payment, the account has been moved to the plan `moved_to`; `plan` and
-- `overrides` are what it had, and gets back. `news` is what its members have not been told yet. `is_ended`
-- is whether the provider knows that a deleted account is no customer any more.
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
    is_ended BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (account_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX payers_by_customer ON payers (customer_id);

-- An invoice of the provider: when its payment has first failed, and when it was paid or cancelled,
-- which is its end.
CREATE TABLE invoices (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    failed_at INTEGER,
    settled_at INTEGER,
    PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX unpaid_invoices ON invoices (account_id) WHERE settled_at IS NULL;

-- What is told to the provider of an hour's usage: the first time number 0, and then each time what has
-- been added. A row is written before it is sent, and then not changed but for being delivered.
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

-- What is sold, and from which hour on: who pays already does not pay for what was used before.
CREATE TABLE sold_meters (
    meter TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (meter)
) WITHOUT ROWID;

-- A webhook: messages of a topic are posted to a URL. Its secret signs them, so it is stored as it is; the
-- old one signs, too, until `old_secret_until`. A deleted one keeps its row without secrets, for the nodes.
-- `disabled_at` is when its receiver said that it is gone. `failures` counts attempts that failed in a row,
-- `next_attempt_at` is in milliseconds. `waiting` messages have `waiting_bytes`; `dead` ones, which were given
-- up, have `dead_bytes`; `dropped` is how many were not stored; `deliveries` is the number of the newest in its log.
CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    topic TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT,
    old_secret_until INTEGER,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    disabled_at INTEGER,
    failures INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at INTEGER DEFAULT 0 NOT NULL,
    waiting INTEGER DEFAULT 0 NOT NULL,
    waiting_bytes INTEGER DEFAULT 0 NOT NULL,
    dropped INTEGER DEFAULT 0 NOT NULL,
    deliveries INTEGER DEFAULT 0 NOT NULL, dead INTEGER DEFAULT 0 NOT NULL, dead_bytes INTEGER DEFAULT 0 NOT NULL,
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(cache_id) REFERENCES caches (id)
);
CREATE INDEX webhooks_by_revision ON webhooks (revision);
CREATE UNIQUE INDEX one_webhook_of_a_name ON webhooks (cache_id, name) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_of_an_account ON webhooks (account_id) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_that_wait ON webhooks (next_attempt_at) WHERE waiting > 0;
CREATE INDEX webhooks_with_an_old_secret ON webhooks (old_secret_until) WHERE old_secret_until IS NOT NULL;

-- A message that waits for a webhook or was not delivered to one, by its number in a page of its topic.
-- Times in milliseconds.
CREATE TABLE webhook_messages (
    page INTEGER NOT NULL,
    number INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    topic TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    is_text BOOLEAN NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (page, number, cache_id, topic)
);

-- What is to be delivered to which webhook, in the order of page and number; with `dead_at`, it was given
-- up for a `reason`.
CREATE TABLE webhook_queue (
    webhook_id INTEGER NOT NULL,
    page INTEGER NOT NULL,
    number INTEGER NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    dead_at INTEGER,
    reason TEXT,
    PRIMARY KEY (webhook_id, page, number)
) WITHOUT ROWID;
CREATE INDEX webhook_queue_by_message ON webhook_queue (page, number);
CREATE INDEX messages_that_wait ON webhook_queue (webhook_id, page, number) WHERE dead_at IS NULL;

-- The newest attempts of each webhook; `at` in milliseconds. Without a status there was no answer; `message`
-- is the page and number, or the word test.
CREATE TABLE webhook_deliveries (
    webhook_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    message TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status INTEGER,
    error TEXT NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, id)
) WITHOUT ROWID;
