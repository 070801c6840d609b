"""Every metric, defined once."""
