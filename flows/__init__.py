"""Prefect flows: thin wrappers over `pipeline` for deployments, schedules, retries and artifacts."""
