"""Wires an import: an input, the adapter of its format, the stores of a data directory, then the facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from opsledger.domain.calendar import zone_of
from opsledger.domain.clock import Clock
from opsledger.domain.errors import UserError
from opsledger.infra.event_log import local_stores, stores_of
from opsledger.infra.store import Store
from opsledger.ingest.adapters.connect import connect
from opsledger.ingest.adapters.genesys import genesys
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.adapters.queue_log_book import Options
from opsledger.ingest.adapters.record_book import RecordOptions
from opsledger.ingest.adapters.records import Records
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Adapter
from opsledger.ingest.importer import Importer, ImportResult, ImportSpec
from opsledger.ingest.inputs import Input, open_input
from opsledger.ingest.mapping.plan import Mapping as TableMapping
from opsledger.ingest.mapping.plan import load_mapping
from opsledger.ingest.tally import Tally

RECORD_FORMATS: Mapping[str, Callable[[Border, RecordOptions], Records]] = MappingProxyType(
    {"connect": connect, "genesys": genesys}
)
"""Formats of JSON records of other systems → their adapter."""
FORMATS = ("jsonl", "table", "queue_log", *RECORD_FORMATS)
Shown = Callable[[Input, Tally], None]
"""Called now and then with the input at hand and the counts of what is stored of it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the user asks to be read. ``source``, ``tenant`` and ``zone`` may be empty where the format or mapping has them."""

    format: str
    tenant: str = ""
    source: str = ""
    mapping: Path | None = None
    zone: str = ""
    encoding: str = "auto"
    backfill: bool = False
    vendors: Mapping[str, str] = field(default_factory=dict)
    """Queue → the outsourcing company that staffs it; for tables and canonical lines the records say it."""
    hotlines: Mapping[str, str] = field(default_factory=dict)
    """Likewise, queue → the number dialled."""


@dataclass(frozen=True, slots=True)
class Reader:
    """An adapter, ready, with what the import's record says of it."""

    adapter: Adapter
    spec: ImportSpec


def reader_for(ask: Ask, name: str, clock: Clock) -> Reader:
    """The adapter of a format. UserError for what is missing: a mapping, a tenant, a source."""
    border = Border(clock)
    if ask.format == "table":
        return _table(ask, name, border)
    source = ask.source or f"{ask.format}:{Path(name).name.partition('.')[0] or 'standard-input'}"
    spec = ImportSpec(ask.tenant, source, ask.format, name, "", ask.backfill)
    if ask.format == "jsonl":
        return Reader(JsonLines(border, ask.tenant), spec)
    return Reader(records_of(ask, border) if ask.format in RECORD_FORMATS else _queue_log(ask, border), spec)


def mapping_of(ask: Ask) -> TableMapping:
    """The mapping that a table is read by. UserError without one."""
    if ask.mapping is None:
        raise UserError("--format table needs --mapping M.yaml, which says what the columns mean; see examples/mappings")
    return load_mapping(ask.mapping)


def table_of(ask: Ask, border: Border) -> Table:
    """The table adapter with its mapping; tenant and source that were asked for go before the mapping's own."""
    return Table(mapping_of(ask), border, tenant=ask.tenant, source=ask.source)


def looks_up(ask: Ask) -> bool:
    """Whether what becomes of records may depend on what is stored: they grow, or correct it. UserError without a mapping."""
    if ask.format != "table":
        return ask.format in RECORD_FORMATS
    shape = mapping_of(ask).shape
    return any(event.get("on_change", shape["on_change"]) == "correct" for event in shape["events"])


def mapping_digest(path: Path) -> str:
    """SHA-256 (hex) of a mapping: which one a record was read with."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _table(ask: Ask, name: str, border: Border) -> Reader:
    mapping = mapping_of(ask)
    tenant, source = (mapping.shape.get(word, "") for word in ("tenant", "source"))
    spec = ImportSpec(
        tenant=ask.tenant or (tenant if isinstance(tenant, str) and "{" not in tenant else ""),
        source=ask.source or str(source),
        format=ask.format,
        file=name,
        mapping=mapping_digest(ask.mapping) if ask.mapping else "",
        backfill=ask.backfill,
    )
    return Reader(Table(mapping, border, tenant=ask.tenant, source=ask.source), spec)


def records_of(ask: Ask, border: Border) -> Records:
    """The adapter of JSON records of another system. UserError without a tenant or a source."""
    _needs(ask, f"{ask.format}:main")
    zone = zone_of(ask.zone) if ask.zone else ZoneInfo("UTC")
    return RECORD_FORMATS[ask.format](border, RecordOptions(ask.tenant, ask.source, zone, ask.hotlines, ask.vendors))


def _needs(ask: Ask, source: str) -> None:
    for value, option, example in ((ask.tenant, "--tenant", "acme"), (ask.source, "--source", source)):
        if not value:
            raise UserError(f"--format {ask.format} needs {option}, for example {option} {example}")


def _queue_log(ask: Ask, border: Border) -> QueueLog:
    _needs(ask, "asterisk:pbx1")
    return QueueLog(border, Options(ask.tenant, ask.source, zone_of(ask.zone) if ask.zone else None, ask.hotlines, ask.vendors))


def importer_of(store: Store) -> Importer:
    """The importer of commands on a ledger. UserError where its log can only be read, before anything is."""
    return Importer(stores_of(store), store.clock)


def run_imports(
    store: Store, files: Sequence[str], ask: Ask, shown: Shown | None = None
) -> Iterator[tuple[Input, ImportResult]]:
    """Import files into a data directory, one after the other; see ``import_files``."""
    return import_files(Importer(local_stores(store), store.clock), store.clock, files, ask, shown)


def import_files(
    importer: Importer, clock: Clock, files: Sequence[str], ask: Ask, shown: Shown | None = None
) -> Iterator[tuple[Input, ImportResult]]:
    """Import files one after the other; (input, result) of each. Stops after one that was interrupted or broke off."""
    reader: Reader | None = None
    for name in files:
        source = open_input(name, encoding=ask.encoding)
        reader = _next_reader(reader, ask, source.name, clock)
        try:
            result = importer.run(reader.adapter.chunks(source), reader.spec, _progress(source, shown))
        finally:
            source.close()
        yield source, result
        if result.interrupted:
            return


def _next_reader(reader: Reader | None, ask: Ask, name: str, clock: Clock) -> Reader:
    made = reader_for(ask, name, clock)
    # A queue_log is cut into files at any moment: the memory of open calls goes on from one to the next.
    return Reader(reader.adapter, made.spec) if reader and ask.format == "queue_log" else made


def _progress(source: Input, shown: Shown | None) -> Callable[[Tally], None] | None:
    return None if shown is None else lambda tally: shown(source, tally)
