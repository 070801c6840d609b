"""Keys and their history as ``opsledger keys`` writes them, a line each."""

from __future__ import annotations

from datetime import UTC, datetime

from opsledger.infra.serve.keys import Entry, Key
from opsledger.infra.serve.refusals import Refused


def written(at: datetime) -> str:
    """A moment in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def key_line(key: Key, now: datetime) -> str:
    """A key: what it is for, since when, whether it is good, what it is bound to."""
    parts = [key.id, key.owner.tenant, key.owner.source, written(key.created)]
    if key.rotated:
        parts.append(f"rotated {written(key.rotated)}")
    if key.old_until and now < key.old_until:
        parts.append(f"old secret until {written(key.old_until)}")
    if key.terms.rate.a_second:
        parts.append(f"rate {key.terms.rate}")
    if key.owner.corrects_others:
        parts.append("may correct others")
    return _line(*parts, _state(key, now), key.note)


def _state(key: Key, now: datetime) -> str:
    if key.revoked:
        return f"revoked {written(key.revoked)}"
    if not key.terms.expires:
        return "good"
    return f"{'good until' if key.is_good(now) else 'expired'} {written(key.terms.expires)}"


def history_line(entry: Entry | Refused) -> str:
    """What was done to a key by whom, or a key that was refused, why, and from where."""
    if isinstance(entry, Entry):
        parts = [entry.what, entry.id, f"by {entry.by}", entry.detail]
    else:
        before = f"{entry.more:,} more before it have no line" if entry.more and entry.why else ""
        alone = f"{entry.more:,} have no line" if entry.more and not entry.why else ""
        parts = ["refused", entry.id, f"from {entry.remote}" if entry.remote else "", entry.why, before or alone]
    return _line(written(entry.at), *parts)


def _line(*parts: str) -> str:
    """One line, whatever names there are in it: a line break in a tenant's would else make a line of its own."""
    told = "  ".join(part for part in parts if part)
    return "".join(each if each.isprintable() else "\ufffd" for each in told)
