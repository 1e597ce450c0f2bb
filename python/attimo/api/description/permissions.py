"""Permission sets as they are written, from the same table by which they are read."""

from attimo.api.description.parts import Schema, array, object_schema, ref
from attimo.control.permissions import KINDS, MOST_RANGES, MOST_RULES, Kind
from attimo.control.selectors import LONGEST, Form

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_BASE64: Schema = {"type": "string", "minLength": 4, "contentEncoding": "base64"}


def _selector(form: Form) -> Schema:
    ways: list[Schema] = [{"const": "*"}]
    for field in (form.exact, form.prefix):
        if field is not None:
            ways.append(object_schema(**{field: _NAME}))
            if form.is_binary:
                ways.append(object_schema(**{f"{field}_base64": _BASE64}))
    if form.is_optional:
        ways.append({"type": "null"})
    return {"anyOf": ways}


def _rule(type: str, kind: Kind) -> Schema:
    verbs = array({"enum": list(kind.verbs)}, minItems=1, maxItems=len(kind.verbs))
    fields = {name: _selector(form) for name, form in kind.selectors.items()}
    optional = [name for name, form in kind.selectors.items() if form.is_optional]
    return object_schema(optional, type={"const": type}, permissions=verbs, **fields)


_RANGES = array(
    {"type": "string", "description": "A range such as `10.0.0.0/8` or `2001:db8::/32`."},
    minItems=1,
    maxItems=MOST_RANGES,
)

_CONDITIONS = array(
    object_schema(ip_filter=object_schema(allowed_cidr_ranges=_RANGES)), maxItems=MOST_RULES
)

SCHEMAS: dict[str, Schema] = {
    "PermissionSet": {
        "description": "Everything that one of the rules grants, if all conditions are met.",
        **object_schema(
            ["conditions"],
            rules=array(ref("Rule"), minItems=1, maxItems=MOST_RULES),
            conditions=_CONDITIONS,
        ),
    },
    "HeldPermissions": {
        "description": "The same of a caller, who may have no permissions.",
        **object_schema(["conditions"], rules=array(ref("Rule")), conditions=_CONDITIONS),
    },
    "Rule": {
        "description": "One grant: these verbs on what all of its selectors match.",
        "anyOf": [_rule(type, kind) for type, kind in KINDS.items()],
    },
}
