-- The ledger has rows of minutes, hours and days, and what they tell apart has a number.

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
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
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
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
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
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;

CREATE TABLE usage_kept (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    minutes_since INTEGER NOT NULL,
    hours_since INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO usage_kept (id, minutes_since, hours_since) VALUES (1, 0, 0);

INSERT INTO usage_series (cache_id, key_id, api, account_id)
SELECT cache_id, key_id, api, coalesce(
    (SELECT account_id FROM caches WHERE id = cache_id),
    (SELECT account_id FROM api_keys WHERE id = key_id),
    (SELECT account_id FROM url_keys WHERE kid = key_id),
    0
)
FROM (SELECT DISTINCT cache_id, key_id, api FROM usage);
INSERT INTO usage_minutes
SELECT account_id, minute, id, requests, errors, hits, misses, bytes_in, bytes_out,
    kib_in, kib_out, evicted
FROM usage JOIN usage_series USING (key_id, cache_id, api)
ORDER BY account_id, minute, id;
INSERT INTO usage_hours
SELECT account_id, at - (at % 3600 + 3600) % 3600, series_id, sum(requests), sum(errors), sum(hits),
    sum(misses), sum(bytes_in), sum(bytes_out), sum(kib_in), sum(kib_out), sum(evicted)
FROM usage_minutes GROUP BY 1, 2, 3;
INSERT INTO usage_days
SELECT account_id, at - (at % 86400 + 86400) % 86400, series_id, sum(requests), sum(errors), sum(hits),
    sum(misses), sum(bytes_in), sum(bytes_out), sum(kib_in), sum(kib_out), sum(evicted)
FROM usage_hours GROUP BY 1, 2, 3;
DROP TABLE usage;
