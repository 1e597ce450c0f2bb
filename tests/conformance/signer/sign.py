"""Signs URLs with Momento's own package: a request on stdin, URLs on stdout, both in JSON.

Runs by itself, with only that package and what it needs on the path.
"""

import json
import sys

from momento_signer import CacheOperation, MomentoSigner, SigningRequest

asked = json.load(sys.stdin)
signer = MomentoSigner(asked["jwk"])
urls = [
    signer.create_presigned_url(
        asked["hostname"],
        SigningRequest(
            each["cache"], each["key"], CacheOperation[each["operation"]], each["exp"], each["ttl"]
        ),
    )
    for each in asked["requests"]
]
json.dump(urls, sys.stdout)
