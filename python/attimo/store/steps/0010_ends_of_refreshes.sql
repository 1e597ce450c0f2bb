-- A key that was made with one that ends is not refreshed beyond that end.
-- Of the refresh tokens that there are, those of such a key get its end now.

ALTER TABLE refresh_tokens ADD COLUMN ends_at INTEGER;
UPDATE refresh_tokens SET ends_at = makers.expires_at FROM api_keys, api_keys AS makers
WHERE api_keys.id = refresh_tokens.key_id AND makers.id = api_keys.made_by_key_id
AND makers.expires_at >= api_keys.expires_at;
