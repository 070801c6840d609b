"""Aggregates of what is decided here: commands are checked against state and refused with the reason."""
