-- Who made a key or an invitation, so that it can end when that member goes.
-- Of what there is, no maker is known.

ALTER TABLE api_keys ADD COLUMN made_by_user_id INTEGER;
ALTER TABLE api_keys ADD COLUMN made_by_key_id TEXT;
ALTER TABLE url_keys ADD COLUMN made_by_user_id INTEGER;
ALTER TABLE url_keys ADD COLUMN made_by_key_id TEXT;
ALTER TABLE invitations ADD COLUMN made_by_user_id INTEGER;
ALTER TABLE invitations ADD COLUMN made_by_key_id TEXT;
ALTER TABLE api_keys ADD COLUMN is_hidden BOOLEAN DEFAULT 0 NOT NULL;
