"""Pure stages from image to value: each takes values and options; none opens a file or reads a setting."""
