-- Hidden keys have the roles of their members: tokens do not go beyond what their maker may.
-- A hidden key whose member is gone has been revoked before.

UPDATE api_keys SET role_id = members.role_id FROM members
WHERE members.account_id = api_keys.account_id AND members.user_id = api_keys.made_by_user_id
AND api_keys.is_hidden;
