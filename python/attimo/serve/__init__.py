"""One server in one process: a database, a node and the control app, from start to signal."""
