"""Superset dashboards made from the metric registry."""
