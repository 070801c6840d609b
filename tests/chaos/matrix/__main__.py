"""The fault matrix in its long form: ``make chaos`` (or ``python -m tests.chaos.matrix``), which writes docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from math import inf
from pathlib import Path

from opsledger.infra.kafka.local.cluster import Cluster
from tests.chaos.matrix.cases import LONG_FORM, Case, play
from tests.chaos.matrix.controls import CONTROLS
from tests.chaos.matrix.faults import LONG, Size
from tests.chaos.matrix.field import Field, field_on

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability.md"
HEAD = """# What was broken on purpose, and what it cost

Written by `make chaos`; run it to have it anew. A shorter form of it is part of `make test`.

Three real brokers, one log, one ledger behind a gateway, sources and sinks as processes of their own. Every event is
appended by one producer and a part of them again by a second, so the log holds repeats, and messages that are no events
stand between them. After each case a sink reads the log to its end, and a judge compares what Kafka itself holds, read by
a plain consumer, with the ledger; the log and the ledger are those of all cases before it, too. It asks:

- Is every message at its (topic, partition, offset) in the ledger or among the dead letters, and nothing else?
- Does every event id of the log count once, by the read that reports are made of?
- Is everything there that a source was told is kept (asked of Kafka before the source sends again, too)?
- Are the fact tables those that come out when they are made anew from the ledger?

"""


@dataclass(slots=True)
class Row:
    """A line of the table: how often, over how many messages, and what was wrong."""

    case: Case
    played: int = 0
    good: int = 0
    records: int = 0
    repeats: int = 0
    wrong: str = ""

    def told(self) -> str:
        verdict = "holds" if self.good == self.played else f"**does not hold**: {self.wrong}"
        verdict = verdict if self.played else "**not played**"
        case = self.case
        parts = (
            case.who,
            case.how,
            case.when,
            f"{self.good} of {self.played}",
            f"{self.records:,}",
            f"{self.repeats:,}",
            verdict,
        )
        return f"| {' | '.join(parts)} |"


def page(rows: list[Row], controls: list[str], asked: argparse.Namespace) -> str:
    """The whole page."""
    size = Size(asked.events, asked.away)
    given = {name: value for name, value in vars(asked).items() if value not in ("", inf)}
    size_told = (
        f'By `make chaos CHAOS="{" ".join(f"--{name} {value}" for name, value in given.items())}"`.\n'
        f"Contacts a case: {size.events:,}. The ledger was away for {size.away_s:g} s, two of three brokers for half of that,\n"
        f"in which nothing was acknowledged. Random moments by the seed. Messages and repeats are the log's at the\n"
        "case's last judgement."
    )
    return "\n".join(
        (
            HEAD + size_told,
            "",
            "| who | what | when | held | messages | repeats among them | verdict |",
            "|---|---|---|---|---|---|---|",
            *(row.told() for row in rows),
            "",
            "## What the judge has to see",
            "",
            "Defects put in on purpose. A judge that found nothing here would prove nothing above.",
            "",
            "| defect | the judge says |",
            "|---|---|",
            *controls,
            "",
        )
    )


def once(row: Row, field: Field, size: Size) -> None:
    """Play a case once more."""
    row.played += 1
    try:
        found = play(row.case, field, size)
        row.records, row.repeats = found.records, found.repeats
        row.wrong = "; ".join(found.complaints) or row.wrong
        row.good += not found.complaints
    except AssertionError as error:
        traceback.print_exc()
        row.wrong = " ".join(str(error).split())[:300] or "see the terminal"
    print(row.told(), flush=True)


def options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--repeat", type=int, default=3)
    asked.add_argument("--events", type=int, default=LONG.events)
    asked.add_argument("--away", type=float, default=LONG.away_s, help="seconds")
    asked.add_argument("--minutes", type=float, default=inf, help="no case is begun after so many")
    asked.add_argument("--case", default="", help="only those whose name has this; the page stays as it is")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    return asked.parse_args()


def main() -> int:
    asked = options()
    size, rows = Size(asked.events, asked.away), [Row(case) for case in LONG_FORM if asked.case in case.name]
    end = time.monotonic() + 60 * asked.minutes
    print(f"seed {asked.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # brokers and children are not to outlive it
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    with tempfile.TemporaryDirectory(prefix="opsledger-chaos-") as folder:
        cluster = Cluster(Path(folder) / "kafka", 3)
        try:
            cluster.up()
            with field_on(cluster, Path(folder), asked.seed) as field:
                for row in rows * asked.repeat:
                    if time.monotonic() < end:
                        once(row, field, size)
                seen = [] if asked.case else [(what, control(field, size)) for what, control in CONTROLS]
        finally:
            cluster.down(delete=True)
    if not asked.case:
        told = [f"| {what} | {said or '**nothing**'} |" for what, said in seen]
        PAGE.write_text(page(rows, told, asked), encoding="utf-8")
        print(f"wrote {PAGE.name}")
    return 0 if all(row.good == row.played > 0 for row in rows) and all(said for _, said in seen) else 1


if __name__ == "__main__":
    sys.exit(main())
