"""A pure evolve per stream: the reference that the fact SQL is held equal to."""
