-- The sums of each hour of an account, as far back as minutes are kept.

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
INSERT INTO usage_account_hours (
    account_id, at, requests, errors, hits, misses, bytes_in, bytes_out, evicted, more_kib_in,
    more_kib_out, more_commands, more_operations, more_ecpu_thousandths
)
SELECT account_id, at,
    sum(requests), sum(errors), sum(hits), sum(misses), sum(bytes_in), sum(bytes_out),
    sum(evicted), sum(more_kib_in), sum(more_kib_out), sum(more_commands), sum(more_operations),
    sum(more_ecpu_thousandths)
FROM usage_hours WHERE at >= (SELECT minutes_since FROM usage_kept) GROUP BY account_id, at;
