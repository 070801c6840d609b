"""The tables of the key file, and how one of an earlier version gets what has been added since."""

from __future__ import annotations

import sqlite3

_KEYS = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL,
    note TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""
_ADDED = {
    "expires": "TEXT NOT NULL DEFAULT ''",
    "rate": "INTEGER NOT NULL DEFAULT 0",
    "burst": "INTEGER NOT NULL DEFAULT 0",
    "corrects_others": "INTEGER NOT NULL DEFAULT 0",
    "rotated": "TEXT NOT NULL DEFAULT ''",
    "old_hash": "BLOB NOT NULL DEFAULT x''",
    "old_until": "TEXT NOT NULL DEFAULT ''",
}
"""Columns since the first version. What a key of before gets is what it had: no end, no rate, no right over others."""
_HISTORY = """
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, id TEXT NOT NULL,
    actor TEXT NOT NULL, account TEXT NOT NULL, host TEXT NOT NULL, detail TEXT NOT NULL
)
"""
_KEPT = "CREATE TRIGGER IF NOT EXISTS history_{0} BEFORE {0} ON history BEGIN SELECT RAISE(ABORT, 'history is kept'); END"


def shape(store: sqlite3.Connection) -> None:
    """Make what is not there, in one transaction; where all is there nothing is written."""
    if not _missing(store):
        return
    store.execute("BEGIN IMMEDIATE")
    with store:
        store.execute(_KEYS)
        for column in _missing(store):  # looked at again: another process may have been first
            if column in _ADDED:
                store.execute(f"ALTER TABLE keys ADD COLUMN {column} {_ADDED[column]}")
        store.execute(_HISTORY)
        for change in ("UPDATE", "DELETE"):
            store.execute(_KEPT.format(change))


def _missing(store: sqlite3.Connection) -> set[str]:
    """The columns, and the table, that are not there."""
    there = {str(row[1]) for row in store.execute("PRAGMA table_info(keys)")}
    wanted = dict.fromkeys((*_ADDED, "history"))
    there |= {str(name) for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name for name in wanted if name not in there}
