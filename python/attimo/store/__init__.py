"""The control plane's durable storage: one SQLite database.

`tables.sql` has the tables, `connection.py` the queries' interface, `database.py` opens the file,
and `schema.py` creates and migrates its tables.
"""
