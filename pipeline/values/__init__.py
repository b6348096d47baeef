"""What may stand in a field: grammars of amounts, dates and postal codes, and the rules that hold."""
