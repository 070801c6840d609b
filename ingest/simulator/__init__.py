"""A seeded call centre that produces every kind of fact."""
