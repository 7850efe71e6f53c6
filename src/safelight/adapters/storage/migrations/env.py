"""Runs migrations on the connection that ``database.upgrade`` hands over. There is no other way to run them."""

from alembic import context

from safelight.adapters.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
