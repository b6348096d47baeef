"""History of the database schema, applied by `pipeline.storage.database.open_database`."""
