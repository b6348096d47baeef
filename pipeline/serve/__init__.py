"""Digits and cut-out fields read over HTTP, for programs on the same machine or behind one's own proxy."""
