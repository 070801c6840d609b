"""What can be reached now, a line each, as ``opsledger doctor`` tells it; no line holds a password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import POSTGRES, count_decisions, keeping, opened_decisions
from opsledger.infra.facts import age_of_facts, lost_facts
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings
from opsledger.infra.manifest import OnLoss, accepted_losses
from opsledger.infra.relaying import LOCAL_PLACE
from opsledger.infra.server import reaching
from opsledger.infra.store import Store, is_at_hand, open_store
from opsledger.ingest.relay import FilePlace
from opsledger.projections.ledger.engine_errors import damage_told

_DEEP = ": see `opsledger doctor --deep`"
_LOCAL = "the log is local (OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS is not set)"


class HealthLine(NamedTuple):
    """A line, and the exit code that it calls for: 0 where all is well."""

    text: str
    code: int = 0


def ledger(data: Path) -> HealthLine:
    """Where the ledger is, over the network or in the data directory, and which engine has it."""
    return _told(lambda: _ledger(data))


def manifest(data: Path) -> HealthLine:
    """Whether the ledger holds what its manifest says, and which losses were accepted."""
    return _told(lambda: _manifest(data) if is_at_hand(data) else "none yet")


def facts(data: Path) -> HealthLine:
    """How old the facts are, where others keep them; here they are brought up to the ledger by each command."""
    return _told(lambda: _facts(data))


def kafka() -> HealthLine:
    """Whether the brokers answer, and in short what ``opsledger kafka check`` says of the topics."""
    return _told(_kafka)


def sink(data: Path) -> HealthLine:
    """How far the ledger is behind the log on Kafka."""
    return _told(lambda: _sink(data))


def decisions(data: Path) -> HealthLine:
    """Where decisions are kept, how many events they are, and whether that is all that were relayed."""
    return _told(lambda: _decisions(Folder(data)))


def _told(ask: Callable[[], str | HealthLine]) -> HealthLine:
    try:
        found = ask()
    except UserError as error:
        return HealthLine(f"not usable: {error}", EXIT_ENVIRONMENT if error.exit_code == EXIT_ENVIRONMENT else EXIT_INCOMPLETE)
    except OSError as error:
        return HealthLine(f"not usable: {error.filename or 'input/output'}: {error.strerror or error}", EXIT_ENVIRONMENT)
    return found if isinstance(found, HealthLine) else HealthLine(found)


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


def _manifest(data: Path) -> HealthLine:
    with _opened(data) as store:
        agrees = "the ledger holds what it says" if store.manifest.said.places else "says of no rows yet"
        lines = [str(each) for each in store.findings] or [agrees]
        lines += [f"loss accepted {each}" for each in accepted_losses(store.client)]
    return HealthLine("\n".join(lines), EXIT_INCOMPLETE if any(each.refuses for each in store.findings) else 0)


def _facts(data: Path) -> str | HealthLine:
    if not is_at_hand(data):
        return "none yet"
    with _opened(data) as store:
        if store.remote:
            return _told(lambda: age_of_facts(store)).text  # whoever writes to it makes them, sooner or later
        lost = lost_facts(store)
        return HealthLine(lost, EXIT_INCOMPLETE) if lost else "brought up to the ledger by each command"


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


def _decisions(directory: Folder) -> str | HealthLine:
    kept = keeping(directory)
    relayed = FilePlace(directory.root / LOCAL_PLACE).load()
    if kept.environment["PERSISTENCE_MODULE"] != POSTGRES and not directory.decisions.exists():
        if relayed:
            return HealthLine(f"gone: {kept.shown}, of which {relayed:,} were relayed{_DEEP}", EXIT_INCOMPLETE)
        return "none yet: the first `opsledger decide` makes them"
    with opened_decisions(directory) as app:
        has, last = count_decisions(app), app.recorder.max_notification_id() or 0
    text = f"{has:,} events in {kept.shown}"
    if last < relayed:
        return HealthLine(f"{text}, and {relayed:,} were relayed{_DEEP}", EXIT_INCOMPLETE)
    return HealthLine(f"{text}, the last of which is number {last:,}{_DEEP}", EXIT_INCOMPLETE) if has < last else text
