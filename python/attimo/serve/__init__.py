"""A server in one process: a database, a node and the control app, from start-up to shutdown."""
