"""Where the control plane keeps what must not be lost: one SQLite database."""
