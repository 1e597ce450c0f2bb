"""A synthetic trace with what published traces of caches have in common, the same at every run.

Zipf popularity (0.9 over 1.5 M keys) that drifts by 20,000 ranks every 400,000 requests, 15 % of
requests for keys that are asked for once, bursts of 50,000 cold keys in order, log-normal sizes.
"""

import importlib

REQUESTS = 4_000_000
KEYS = 1_500_000
SIZES = 20_000_000
LARGEST = 4000
SEED = 7

Requests = list[tuple[int, int]]
"""The number of a key and the bytes of its value, for each request."""


def make() -> Requests:
    """The trace.

    Raises:
        ModuleNotFoundError: numpy is missing.
    """
    np = importlib.import_module("numpy")
    rng = np.random.default_rng(SEED)
    at = np.arange(REQUESTS)
    popularity = 1 / np.arange(1, KEYS + 1) ** 0.9
    shares = np.cumsum(popularity / popularity.sum())
    keys = np.searchsorted(shares, rng.random(REQUESTS)).astype(np.int64)
    keys = (keys + at // 400_000 * 20_000) % KEYS
    once = rng.random(REQUESTS) < 0.15
    keys[once] = KEYS + at[once]
    for start in range(300_000, REQUESTS, 500_000):
        keys[start : start + 50_000] = 10_000_000 + start + np.arange(50_000)
    sizes = np.clip(rng.lognormal(5.3, 0.8, SIZES).astype(np.int32), 20, LARGEST)
    return list(zip(keys.tolist(), sizes[keys % SIZES].tolist(), strict=True))
