"""An import into Kafka in a process of its own, made to be killed: ``python -m tests.chaos.kafka_import_child FILE [OPTION…]``.

Where Kafka is stands in the environment. It prints one line of JSON each time that more is acknowledged. Options: as those
of ``import_child``, ``kill=<point>:<n>`` and ``boast`` (negative control).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from opsledger.domain.clock import FixedClock
from opsledger.infra.kafka.log import open_kafka_log, stores_of
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.ingest import stages
from opsledger.ingest.importer import Importer
from tests.chaos.import_child import CHUNK_RECORDS, FLUSH_EVENTS, boasting, killing, tell, told
from tests.ledger_samples import NOW, chunks, spec


def main(file: str, *options: str) -> None:
    stages.FLUSH_EVENTS = FLUSH_EVENTS
    with open_kafka_log(needed(kafka_settings())) as log:
        tell(opened=True)
        stores: Any = stores_of(log)
        for option in options:
            if option.startswith("kill="):
                point, _, nth = option.removeprefix("kill=").partition(":")
                log.append = killing(point, int(nth), log.append, "append")  # type: ignore[method-assign]  # the kill
                stores.dead_letters.keep = killing(point, int(nth), stores.dead_letters.keep, "dead")
        source = chunks(Path(file).read_bytes().splitlines(), CHUNK_RECORDS)
        result = Importer(stores, FixedClock(NOW)).run(boasting(source) if "boast" in options else source, spec(), told)
    tell(problem=str(result.problem or ""), stored=result.tally.events, dead=result.tally.dead, read=result.tally.read)


if __name__ == "__main__":
    main(*sys.argv[1:])
