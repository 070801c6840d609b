"""What can be reached now, a line each, as ``opsledger doctor`` tells it; no line holds a password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import POSTGRES, keeping, opened_decisions
from opsledger.infra.facts import age_of_facts
from opsledger.infra.gateway.found import find
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings
from opsledger.infra.manifest import OnLoss, accepted_losses
from opsledger.infra.relaying import LOCAL_PLACE
from opsledger.infra.server import reaching, server_of
from opsledger.infra.store import Store, is_at_hand, open_store
from opsledger.ingest.relay import FilePlace
from opsledger.projections.ledger.engine_errors import damage_told

_LOCAL = "the log is local (OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS is not set)"


def ledger(data: Path) -> str:
    """Where the ledger is, over the network or in the data directory, and which engine has it."""
    return _told(lambda: _ledger(data))


def manifest(data: Path) -> tuple[str, bool]:
    """Whether the ledger holds what its manifest says, and which losses were accepted; whether all is well."""
    try:
        return _manifest(data) if is_at_hand(data) else ("none yet", True)
    except UserError as error:
        return f"not usable: {error}", True


def facts(data: Path) -> str:
    """How old the facts are, where others keep them; here they are brought up to the ledger by each command."""
    return _told(lambda: _facts(data))


def kafka() -> str:
    """Whether the brokers answer, and in short what ``opsledger kafka check`` says of the topics."""
    return _told(_kafka)


def sink(data: Path) -> str:
    """How far the ledger is behind the log on Kafka."""
    return _told(lambda: _sink(data))


def decisions(data: Path) -> str:
    """Where decisions are kept, and how many events they are."""
    return _told(lambda: _decisions(Folder(data)))


def _told(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except UserError as error:
        return f"not usable: {error}"


@contextmanager
def _opened(data: Path) -> Iterator[Store]:
    store = open_store(data, clock=SystemClock(), command="opsledger doctor", on_loss=OnLoss.TELL)
    try:
        with reaching(store.server) if store.server else nullcontext(), damage_told(store.client, whole=not store.remote):
            yield store
    finally:
        store.close()


def _ledger(data: Path) -> str:
    if not is_at_hand(data):
        return "none yet: `opsledger init` or a first `opsledger ingest` makes it"
    with _opened(data) as store:
        where = f"over the network, at {store.place}" if store.remote else "open"
        return f"{where}, engine {store.client.command('SELECT version()')}"


def _manifest(data: Path) -> tuple[str, bool]:
    with _opened(data) as store:
        agrees = "the ledger holds what it says" if store.manifest.said.places else "says of no rows yet"
        lines = [str(each) for each in store.findings] or [agrees]
        lines += [f"loss accepted {each}" for each in accepted_losses(store.client)]
    return "\n".join(lines), not any(each.refuses for each in store.findings)


def _facts(data: Path) -> str:
    if server_of() is None and find(data) is None:
        return "brought up to the ledger by each command"
    with _opened(data) as store:
        return age_of_facts(store)


def _kafka() -> str:
    settings = kafka_settings()
    if settings is None:
        return _LOCAL
    from opsledger.infra.kafka.topic_make import check_topics  # noqa: PLC0415  its client takes long to load

    found = check_topics(settings)
    faults = len(found.deviations)
    fit = f"{faults} deviations: see `opsledger kafka check`" if faults else "as they have to be"
    away = f" ({len(found.found.away)} away)" if found.found.away else ""
    brokers, topics = f"{len(found.found.brokers)} broker(s){away}", f"{len(found.specs)} topics"
    return f"{brokers} at {','.join(settings.servers)}; {topics} {settings.topics.prefix}.*: {fit}"


def _sink(data: Path) -> str:
    settings = kafka_settings()
    if settings is None:
        return f"none needed: {_LOCAL}"
    if not is_at_hand(data):
        return "no ledger to bring the log to yet: `opsledger sink` makes it"
    with _opened(data) as store:
        return _lag(store, settings)


def _lag(store: Store, settings: KafkaSettings) -> str:
    from opsledger.infra.beside_log import behind  # noqa: PLC0415  Kafka's client takes long to load
    from opsledger.infra.kafka.contact import reach  # noqa: PLC0415  likewise

    reach(settings)
    missing = behind(store, settings)
    if not missing:
        return "the ledger has all of the log"
    return f"the ledger is up to {sum(missing.values()):,} messages behind the log: `opsledger sink` brings them"


def _decisions(directory: Folder) -> str:
    kept = keeping(directory)
    relayed = FilePlace(directory.root / LOCAL_PLACE).load()
    if kept.environment["PERSISTENCE_MODULE"] != POSTGRES and not directory.decisions.exists():
        if relayed:
            return f"gone: {kept.shown}, of which {relayed:,} were relayed; see `opsledger doctor --deep`"
        return "none yet: the first `opsledger decide` makes them"
    with opened_decisions(directory) as app:
        has = app.recorder.max_notification_id() or 0
    less = f", and {relayed:,} were relayed: see `opsledger doctor --deep`" if has < relayed else ""
    return f"{has:,} events in {kept.shown}{less}"
