"""Lines of `attimo cache import`: a wrong one is named, with what is wrong about it."""

import pytest

from attimo.cli.transfer.items import parse
from attimo.errors import InvalidArgument

WRONG = {
    b"{": "is not JSON",
    b"\xff": "is not JSON",
    b"[" * 100_000: "is not JSON",
    b"[]": "is not a JSON object",
    b'{"value": "v"}': "has no `key`",
    b'{"key": "k"}': "has no `value`",
    b'{"key": "k", "value": 1}': "has a `value` that is neither text nor",
    b'{"key": "k", "value": {"base64": "?"}}': "has a `value` that is neither text nor",
    b'{"key": "\\ud800", "value": ""}': "has a `key` that is neither text nor",
    b'{"key": "k", "type": "hash", "fields": []}': "has an unknown `type`",
    b'{"key": "k", "type": "list", "values": []}': "has no array with elements as `values`",
    b'{"key": "k", "type": "set", "elements": [1]}': "has a `elements` that is neither",
    b'{"key": "k", "value": "v", "ttl": 60}': "has `ttl`, which no scalar has",
    b'{"key": "k", "value": "v", "ttl_seconds": 0}': "has a `ttl_seconds` that is no whole",
    b'{"key": "k", "type": "sorted-set", "elements": [{"value": "v", "score": NaN}]}': "`score`",
    b'{"key": "k", "type": "sorted-set", "elements": [{"value": "v", "score": 1%b}]}'
    % (b"0" * 400): "`score`",
    b'{"key": "k", "value": 1%b}' % (b"0" * 5_000): "is not JSON",
}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[:60].decode(errors="replace"))
def test_a_wrong_line_is_named(line: bytes) -> None:
    with pytest.raises(InvalidArgument) as told:
        list(parse([b"\n", line]))

    assert str(told.value).startswith("Line 2 ")
    assert WRONG[line] in str(told.value)
