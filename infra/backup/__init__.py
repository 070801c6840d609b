"""Backups of a data directory: written while it is in use, checked, and restored into a new one."""
