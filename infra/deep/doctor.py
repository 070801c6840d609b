"""All checks of ``doctor --deep``, one after the other."""

from __future__ import annotations

from opsledger.domain.errors import UserError
from opsledger.infra.deep.decisions import check_decisions
from opsledger.infra.deep.facts import check_facts
from opsledger.infra.deep.findings import Check, DeepFinding, Progress
from opsledger.infra.deep.parts import check_parts, check_set_aside, check_tables
from opsledger.infra.store import Store
from opsledger.projections.ledger.engine_errors import damage_told


def check_all(store: Store, progress: Progress) -> Check:
    """Each finding as it comes: files first, then what is in them."""
    yield from (DeepFinding(str(each), "manifest") for each in store.findings if each.refuses)
    yield from check_tables(store.client)
    yield from check_set_aside(store.client)
    yield from check_parts(store.client, progress)
    yield from _as_far_as_it_goes(store, "facts", check_facts(store, progress))
    yield from _as_far_as_it_goes(store, "decisions", check_decisions(store))


def _as_far_as_it_goes(store: Store, what: str, check: Check) -> Check:
    """A check that reads the ledger; where that is damaged, so that it ends, the finding says so."""
    try:
        with damage_told(store.client):
            yield from check
    except UserError as error:
        yield DeepFinding(f"not compared: {error}", what)
