#!/bin/sh
# findings/stripe-python-signature-type-error.sh: a signature of a webhook that is not ASCII.
#
# Program:   stripe 16.1.0 (PyPI).
# Guess:     whatever an unknown client sends as `Stripe-Signature`, `construct_event` returns the
#            event or raises one of its two documented errors: ValueError for a body that cannot be
#            read, SignatureVerificationError for a signature that does not fit.
# Behaviour: with a character beyond ASCII in a `v1` part, it raises TypeError, from
#            `hmac.compare_digest`. HTTP frameworks decode headers as Latin-1, so any client can send
#            such a text.
# Matters:   a handler that catches the two documented errors answers 500 to unauthenticated clients,
#            and logs a trace for each.
#
# Installs the package in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check stripe==16.1.0
venv/bin/python - <<'PYTHON'
import time

import stripe

signatures = {"ASCII": "v1=e", "beyond ASCII": "v1=\xe9"}
seen = {}
for name, signature in signatures.items():
    try:
        stripe.Webhook.construct_event(b"{}", f"t={int(time.time())},{signature}", "whsec_secret")
    except Exception as error:
        seen[name] = type(error).__name__
print(f"stripe {stripe.VERSION}: {seen}")
assert seen == {"ASCII": "SignatureVerificationError", "beyond ASCII": "TypeError"}
PYTHON
