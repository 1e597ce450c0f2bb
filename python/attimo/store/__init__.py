"""The control plane's durable storage: a file of SQLite, or a database of PostgreSQL.

`connection.py` has the interface that `control` uses. `tables.sql` has the tables, which
`schema.py` creates and migrates. `sqlite.py` opens a file, `postgresql.py` a database on a server,
and `database.py` what a server is told to use.
"""
