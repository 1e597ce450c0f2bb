#!/bin/sh
# findings/momento-python-endpoint-arguments.sh: a key without hosts in it, in Momento's older SDK
# for Python.
#
# Program:   momento 1.0.0 (PyPI).
# Guess:     `CredentialProvider.from_string(key, control_endpoint=…, cache_endpoint=…)` needs no
#            endpoints in the key, since both are given.
# Behaviour: the key is searched for them first: one that has none is "Invalid Auth token.", whatever
#            is given beside it. The class itself takes key and endpoints, and looks into none.
# Matters:   proxies and servers of one's own hand out keys that name no host of Momento's; this
#            release can use them by `CredentialProvider(key, control, cache)`.
#
# Installs the package in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check momento==1.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import jwt
from momento.auth import CredentialProvider
from momento.errors import InvalidArgumentException

key = jwt.encode({"t": "g"}, "a secret of thirty-two bytes ....", algorithm="HS256")
given = {"control_endpoint": "own:8443", "cache_endpoint": "own:8443"}
try:
    CredentialProvider.from_string(key, **given)
    seen = "taken"
except InvalidArgumentException as error:
    seen = error.message
direct = CredentialProvider(key, **given).cache_endpoint
print(f"from_string: {seen}  the class: {direct}")
assert (seen, direct) == ("Invalid Auth token.", "own:8443")
PYTHON
