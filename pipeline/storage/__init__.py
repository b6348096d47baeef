"""The disk bank: whatever opens a file or a database for the pipeline."""
