"""Digits only: turns pictures of digits and of digit strings into probabilities. Knows no page, form or queue."""
