"""Fact tables, one SQL file each."""
