"""Prefect flows: the functions of `pipeline` as deployments, on demand and by the clock."""

import os

# Scans are sensitive and so is what happens to them: unless somebody asks for it, Prefect sends no usage data.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
