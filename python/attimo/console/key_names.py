"""What members call their API keys."""

from attimo.console.web import MOST_ROWS, Visit
from attimo.control import api_keys
from attimo.errors import PermissionDenied


def descriptions(visit: Visit) -> dict[str, str]:
    """Return the descriptions of the first 100 keys that are not revoked, by their IDs.

    A member who must not list keys gets none.
    """
    try:
        found = visit.perform(api_keys.list_page, MOST_ROWS)
    except PermissionDenied:
        return {}
    return {each.id: each.description for each in found.items if each.description}
