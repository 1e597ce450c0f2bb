"""The control plane's durable storage: one SQLite database.

`connection.py` has the interface that `control` uses. `tables.sql` has the tables, which
`schema.py` creates and migrates. `sqlite.py` opens a file; `database.py` opens what a server is
told to use.
"""
