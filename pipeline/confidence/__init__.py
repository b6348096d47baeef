"""How sure a reading is, and what may be accepted for an error budget."""
