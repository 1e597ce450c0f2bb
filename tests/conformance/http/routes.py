"""Every route of data, by data type."""

from conformance.http import (
    test_dictionary,
    test_items,
    test_leaderboard,
    test_list,
    test_set,
    test_sorted_set,
)

TYPES = [
    test_items.ROUTES,
    test_dictionary.ROUTES,
    test_list.ROUTES,
    test_set.ROUTES,
    test_sorted_set.ROUTES,
    test_leaderboard.ROUTES,
]
"""The first route of a type writes something, and the last one removes it."""
DATA = [route for routes in TYPES for route in routes]
PATHS = sorted({route.below for route in DATA})
