"""Every report, defined once, and the laws that it is checked against."""
