"""Where the control plane keeps what must not be lost: one SQLite database.

`tables.sql` shows the tables, `connection.py` how the rules ask for rows, `database.py` how the
file is opened, and `schema.py` how it gets its tables, also where it is an older version's.
"""
