"""How the embedded engine of a data directory is opened: with a configuration of the product's own, and no other."""
