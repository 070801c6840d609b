"""Where records come from: a file, plain or compressed, or standard input, read in bounded memory."""

from __future__ import annotations


class Input:
    """An opened source of bytes (being written)."""
