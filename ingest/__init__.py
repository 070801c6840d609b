"""From source formats to events in the log."""
