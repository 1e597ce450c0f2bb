"""The data plane as Python sees it: a node in this process, and the collection of its usage."""
