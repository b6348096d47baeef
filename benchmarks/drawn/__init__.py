"""Documents drawn for measuring: fields, pages and hands whose truth is known."""
