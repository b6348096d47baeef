"""Run by Alembic: migrates over the connection, and inside the transaction, of `open_database`."""

from alembic import context

from pipeline.storage.tables import Table

# Batch mode: SQLite cannot alter a table in place.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
context.run_migrations()
