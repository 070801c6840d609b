"""Follows files that grow: new whole lines become events, over rotation, truncation and restarts, and none is lost."""
