"""One page about how a file was read."""
