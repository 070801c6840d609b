"""The facts against the ledger: made anew in a database that passes, and compared."""

from __future__ import annotations

from opsledger.infra.deep.findings import Check, DeepFinding, Progress
from opsledger.infra.facts import verify_facts
from opsledger.infra.store import Store
from opsledger.projections.facts.comparison import Comparison, FactState, difference

_REBUILD = "opsledger rebuild makes it anew"
_WHICH = "were the facts changed, or the ledger? A changed ledger is restored from a backup; facts: opsledger rebuild --accept"


def check_facts(store: Store, progress: Progress) -> Check:
    """Each fact table that is missing, cannot be read, or is not what the ledger gives."""
    found = verify_facts(store, progress)
    if found is None:
        yield DeepFinding("not compared with the ledger: another process writes them", "facts", "stop it, or look again later")
    for compared in found or ():
        yield from _found(compared)


def _found(compared: Comparison) -> Check:
    where = f"facts '{compared.fact}'"
    if compared.state is FactState.DIFFERS:
        yield DeepFinding("; ".join(("they are not what the ledger gives", *difference(compared))), where, _WHICH)
    elif not compared.equal:
        yield DeepFinding(f"the table {compared.state}", where, _REBUILD)
