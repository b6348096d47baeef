"""Results beside their truth."""
