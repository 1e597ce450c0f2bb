"""Examples for what the app describes itself: bodies by operation, parameters by name."""

from typing import Any

_RULE = {"type": "cache", "permissions": ["read"], "caches": {"name": "shop"}, "items": "*"}
_PERMISSIONS = {"rules": [_RULE]}
_PASSWORD = "correct horse battery"  # noqa: S105 (an example)
_PERSON = {"email": "ann@example.com", "password": _PASSWORD}

BODIES: dict[str, dict[str, Any]] = {
    "createCache": {"expires_in": 3600},
    "extendCache": {"expires_in": 3600},
    "createApiKey": {"role_id": "viewer", "description": "for the dashboard", "expiry": "never"},
    "createRole": {"role_name": "reads the shop", "permissions": _PERMISSIONS},
    "changeRole": {"role_name": "reads the shop", "permissions": _PERMISSIONS},
    "createToken": {"permissions": _PERMISSIONS, "valid_for_seconds": 600},
    "signUp": {**_PERSON, "account_name": "Ann's shop"},
    "beginSignUp": {"email": "ann@example.com", "account_name": "Ann's shop"},
    "confirmSignUp": {"token": "from-the-e-mail", "password": _PASSWORD},
    "signIn": _PERSON,
    "switchAccount": {"account_id": 1},
    "changePassword": {"old_password": _PASSWORD, "password": f"{_PASSWORD} staple"},
    "forgetPassword": {"email": "ann@example.com"},
    "resetPassword": {"token": "from-the-e-mail", "password": _PASSWORD},
    "changeMember": {"role_id": "viewer"},
    "invite": {"email": "bob@example.com", "role_id": "viewer"},
    "createAccount": {"name": "team-a", "email": "ann@example.com"},
    "renameAccount": {"name": "team-b"},
    "resetSecondFactor": {"email": "ann@example.com"},
    "inviteOwner": {"email": "ann@example.com"},
    "createPlan": {"name": "small", "limits": {"caches": 5, "operations_per_second": 1000}},
    "changePlan": {"limits": {"caches": 5, "operations_per_second": 1000}},
    "assignPlan": {"plan": "free", "overrides": {"caches": 10}},
    "putWebhook": {"topic": "orders", "url": "https://example.com/orders"},
    "rotateWebhookSecret": {"keep_old_seconds": 3600},
    "setBudget": {"amount": "20", "card": "momento-2022-09", "effects": {"at_100": "block"}},
    "acceptInvitation": {"token": "from-the-e-mail", "password": _PASSWORD},
}

PARAMETERS: dict[str, Any] = {
    "name": "shop",
    "cache": "shop",
    "key_id": "3f1c",
    "role_id": "viewer",
    "kid": "9b2e",
    "user_id": 1,
    "account_id": 2,
    "invitation_id": "77ad",
    "token": "evaGxfADs6pSRb2L",
    "group_by": "cache,api",
    "month": "2026-11",
    "card": "momento-2022-09",
    "by": "cache",
    "account": 2,
    "successor": "free",
}
