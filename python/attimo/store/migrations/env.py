"""Alembic runs this; the connection comes from `upgrade`, with a transaction open."""

from alembic import context

from attimo.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
