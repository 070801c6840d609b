"""All checks of ``doctor --deep``, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from opsledger.infra.deep.decisions import check_decisions
from opsledger.infra.deep.facts import check_facts
from opsledger.infra.deep.findings import Damage, Progress
from opsledger.infra.deep.parts import check_parts, check_set_aside, check_tables
from opsledger.infra.store import Store


def check_all(store: Store, progress: Progress) -> Iterator[Damage]:
    """Each finding as it comes: files first, then what is in them."""
    yield from check_tables(store.client)
    yield from check_set_aside(store.client)
    yield from check_parts(store.client, progress)
    yield from check_facts(store, progress)
    yield from check_decisions(store)
