"""Wires a retry: dead letters go through the adapter that they came by, a table's with the mapping that was mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from opsledger.domain.calendar import zone_of
from opsledger.domain.dead_letters import Attempt, DeadLetter, Outcome
from opsledger.domain.errors import UserError
from opsledger.infra.event_log import stores_of
from opsledger.infra.ingesting import RECORD_FORMATS, Ask, mapping_digest, records_of, table_of
from opsledger.infra.kafka.settings import kafka_settings
from opsledger.infra.store import Store
from opsledger.ingest.adapters.jsonlines import Batch, JsonLines
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.adapters.queue_log_book import Options
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.dead_letters import retry
from opsledger.ingest.http.item import item_of
from opsledger.ingest.http.judging import Judging, Owner
from opsledger.ingest.http.storing import FORMAT as HTTP
from opsledger.ingest.importer import Importer, ImportSpec, Stores
from opsledger.ingest.log.decode import FORMAT as KAFKA


def retry_letters(store: Store, letters: Iterable[DeadLetter], mapping: Path | None, zone: str) -> Sequence[Attempt]:
    """Try letters again; each try is recorded. UserError where a table's letters come without a mapping.

    Where the log is on Kafka, what is an event now is appended there, at a new place; the old one stays the letter's. What
    the log has is waited for first: a record that has grown since would else be compared with less.
    """
    digest = mapping_digest(mapping) if mapping else ""
    into = stores_of(store) if kafka_settings() else Stores(store.log, store.ledger, store.dead_letters, store.imports)
    importer = Importer(Stores(into.log, into.ledger, store.dead_letters, store.imports), store.clock)

    def redo(group: Sequence[DeadLetter]) -> Sequence[tuple[Outcome, str, str]]:
        first = group[0]
        spec = ImportSpec(first.tenant, first.source, first.format, first.file, digest)
        return importer.redo(_chunks(store, group, mapping, zone), spec)

    return retry(letters, redo, store.dead_letters, store.clock, mapping=digest)


def _chunks(store: Store, group: Sequence[DeadLetter], mapping: Path | None, zone: str) -> Iterator[Chunk]:
    first, border = group[0], Border(store.clock)
    raws = [letter.raw for letter in group]
    if first.format == "jsonl":
        yield JsonLines(border, first.tenant).chunk(Batch(raws, [letter.line for letter in group]))
    elif first.format == KAFKA:  # what was on the log was decided, if it is a decision
        adapter = JsonLines(Border(store.clock, decisions=True), first.tenant)
        yield adapter.chunk(Batch(raws, [letter.line for letter in group]))
    elif first.format == HTTP:
        yield Judging(border).chunk([item_of(raw) for raw in raws], [Owner(first.tenant, first.source)] * len(raws))
    elif first.format == "queue_log":
        options = Options(first.tenant, first.source, zone_of(zone) if zone else None)
        yield from QueueLog(border, options).read((letter.line, letter.raw) for letter in group)
    elif first.format in RECORD_FORMATS:
        ask = Ask(first.format, first.tenant, first.source, zone=zone)
        yield from records_of(ask, border).again((letter.line, letter.raw) for letter in group)
    else:
        if mapping is None:
            raise UserError(f"{first.file} is a table: say with --mapping by which (mended) mapping to read it again")
        table = table_of(Ask(first.format, first.tenant, first.source, mapping), border)
        columns = store.imports.columns(first.source, first.file)
        if not columns:
            raise UserError(f"the columns of {first.file} are not on record; read the file again instead")
        yield table.again(raws, columns)
