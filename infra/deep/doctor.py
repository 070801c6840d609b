"""All checks of ``doctor --deep``, one after the other."""

from __future__ import annotations

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.errors import UserError
from opsledger.infra.deep.decisions import check_decisions
from opsledger.infra.deep.facts import check_facts
from opsledger.infra.deep.findings import RESTORE, Check, DeepFinding, Progress
from opsledger.infra.deep.parts import check_offsets, check_parts, check_set_aside, check_tables
from opsledger.infra.ledger_tables import are_made
from opsledger.infra.store import Store
from opsledger.projections.ledger.engine_errors import damage_told, summary
from opsledger.projections.ledger.manifest import Damage


def check_all(store: Store, progress: Progress) -> Check:
    """Each finding as it comes: files first, then what is in them."""
    told = [each for each in store.findings if each.refuses and each.damage is not Damage.GONE]
    yield from (DeepFinding(str(each), "manifest") for each in told)
    yield from check_tables(store.client, made=store.remote or are_made(store.path))
    yield from check_set_aside(store.client)
    yield from check_parts(store.client, progress)
    yield from _as_far_as_it_goes(store, "offsets", check_offsets(store.client))
    yield from _as_far_as_it_goes(store, "facts", check_facts(store, progress))
    yield from _as_far_as_it_goes(store, "decisions", check_decisions(store))


def _as_far_as_it_goes(store: Store, what: str, check: Check) -> Check:
    """A check that reads the ledger; where that is damaged, so that it ends, the finding says so.

    Whatever the engine says then is one: rows that are none of ours can break any statement.
    """
    try:
        with damage_told(store.client):
            yield from check
    except UserError as error:
        yield DeepFinding(f"not compared: {error}", what)
    except ClickHouseError as error:
        yield DeepFinding(f"not compared, the engine cannot work with what is there: {summary(str(error))}", what, RESTORE)
