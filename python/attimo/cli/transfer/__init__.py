"""Many items on their way: from a file, Valkey or Redis into a cache, and out of it."""
