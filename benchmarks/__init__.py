"""Measurements: every figure in RESULTS.md comes from a command here."""
