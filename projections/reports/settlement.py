"""The layouts of the statement engine: vendor statement and KPI sheet, settled by ``audit.statements`` and shown here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.decisions.contract import ContractState
from opsledger.domain.errors import UserError
from opsledger.domain.rules import KpiScore, Title
from opsledger.domain.settling import Line
from opsledger.domain.statement import Statement, StatementStoppedError
from opsledger.projections.audit.statements import contract_of, contracts_of_month, settle_month
from opsledger.projections.master.names import names_of
from opsledger.projections.metrics.measure import Facts, measure
from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.reports.lateness import arrivals
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.model import Value
from opsledger.projections.reports.request import Job
from opsledger.projections.reports.statement_tables import (
    EXTRAS,
    LINES,
    Month,
    columns_of,
    details_of,
    item_columns,
    kpi_head,
    kpi_values,
    line_place,
    line_values,
    proof_of,
    text_of,
)

STREAMS = ("call", "complaint", "callback", "evaluation", "award", "report")
"""What a statement's figures are made from."""
_DRAFT = Label("Settled from the facts as they stand: a draft until the month is closed.", "按现有事实结算;关账前均为草稿。")
_NO_KPI = Label("The terms of contract {contract} have no KPI rule.", "合同 {contract} 的条款没有绩效考核规则。")
_ONLY_KPI = Label("Points stand on KPI lines only.", "得分仅见于绩效考核行。")
_ZONE = Label("Days and month are those of the contract's zone: {zone}.", "日与月按合同时区:{zone}。")


def cautions(facts: Facts, made: Statement) -> tuple[Title, ...]:
    """What the reader of a statement must know: what is not over, not stored, came late, or is still open."""
    period = parse_period(Grain.MONTH, made.month, made.zone)
    came = arrivals(facts, period, STREAMS)
    counts = {
        "dead letters are open: their records count in no line": (facts.dead_letters, "条死信未处理,未计入任何一行"),
        "events came late": (came.late, "条事件迟到"),
        "events came later by a backfill": (came.backfilled, "条事件由补录导入"),
        "calls of the vendor are still open": (_open_calls(facts, made), "通外包公司的通话未结束"),
    }
    found = [Title(f"{count:,} {en}", f"{count:,} {zh}") for en, (count, zh) in counts.items() if count]
    if facts.cutoff < period.stop:
        found.insert(0, Title("the month is not over yet", "该月尚未结束"))
    return tuple(found)


def by_statement(job: Job) -> Layout:
    """A row per line of the month's draft statements; how points were made and what each line rests on stand below."""
    month, lang = _settled(job), job.request.lang
    columns = (*month.head, *LINES)
    total = month.total(made.total for made in month.statements)
    rows = tuple((*month.told(m), *line_values(line, month.names, lang)) for m in month.statements for line in m.lines)
    return Layout(
        columns=columns_of(columns, lang, month.currency),
        rows=rows,
        totals=tuple(total if name == "amount" else None for name in columns),
        warnings=_said(job, month),
        notes=(_DRAFT.text(lang), *_zone_notes(job, month), _ONLY_KPI.text(lang)),
        breaches=_unlike(total, (row[columns.index("amount")] for row in rows)),
        sections=(*details_of(month, lang), *proof_of(month, lang)),
        parameters=_about(month, lang),
        places=tuple(line_place(made, line) for made in month.statements for line in made.lines),
    )


def by_kpi(job: Job) -> Layout:
    """A row per agent: each KPI item with its points, the total and what it is worth; by the statement engine."""
    month, lang = _settled(job), job.request.lang
    lines = [(made, line) for made in month.statements for line in made.lines if line.kind == KpiScore.KIND]
    items = {detail.item: detail for _, line in lines for detail in line.details}
    items |= {EXTRAS: items.pop(EXTRAS)} if EXTRAS in items else {}
    parted = _is_parted([line for _, line in lines])
    head = (*month.head, *(("rule", "days") if parted else ()), "agent")
    columns = (*columns_of(head, lang, ""), *item_columns(items, lang), *columns_of(("total", "bonus"), lang, month.currency))
    rows = tuple((*kpi_head(month, made, line, parted, lang), *kpi_values(line, items)) for made, line in lines)
    total = month.total(line.amount for _, line in lines)
    without = {made.contract for made in month.statements} - {made.contract for made, _ in lines}
    none = [_NO_KPI.text(lang).format(contract=contract) for contract in sorted(without)]
    return Layout(
        columns=columns,
        rows=rows,
        totals=(*(None,) * (len(columns) - 1), total),
        warnings=_said(job, month),
        notes=(*none, _DRAFT.text(lang), *_zone_notes(job, month)),
        breaches=_unlike(total, (row[-1] for row in rows)),
        sections=details_of(month, lang),
        parameters=_about(month, lang),
        places=tuple(line_place(made, line) for made, line in lines),
    )


def _is_parted(lines: Sequence[Line]) -> bool:
    """Whether lines must say their rule and days: not all are of one rule and of a whole month."""
    whole = all(line.first.day == 1 and (line.last + timedelta(days=1)).day == 1 for line in lines)
    return not whole or len({line.rule for line in lines}) > 1


def _settled(job: Job) -> Month:
    """The statements of all contracts asked for; one that stops leaves the others, but an only one is refused."""
    month, made, stopped = job.request.period.name, [], []
    contracts = _contracts(job, month)
    for state in contracts:
        try:
            made.append(settle_month(job.facts, state.contract, month))
        except StatementStoppedError as error:
            if len(contracts) == 1:
                raise
            stopped.append(f"{state.contract}: {error}")
    names = names_of(job.facts.engine, job.facts.tenant, job.request.period.stop)
    return Month(tuple(made), tuple(stopped), names)


def _contracts(job: Job, month: str) -> tuple[ContractState, ...]:
    """The contracts asked for, else all in force. UserError where there are none, naming what there is."""
    vendors, asked = job.request.only.get("vendor", ()), job.request.only.get("contract", ())
    found = contracts_of_month(job.facts, month)
    chosen = tuple(s for s in found if (not vendors or s.vendor in vendors) and (not asked or s.contract in asked))
    for name in asked:
        contract_of(job.facts, name)  # says so where there is no such contract
    if chosen:
        return chosen
    known = ", ".join(f"{state.contract} ({state.vendor})" for state in found)
    there = f"in force: {known}" if known else "one is signed by a command: see `opsledger decide --help`"
    what = " ".join(["no contract", *asked, *(["with", *vendors] if vendors else [])])
    raise UserError(f"{job.report.code}: {what} is in force in {month}; {there}")


def _unlike(total: Decimal | None, parts: Iterable[Value]) -> tuple[tuple[int, str], ...]:
    added = sum((part for part in parts if isinstance(part, Decimal)), Decimal(0))
    wrong = total is not None and added != total
    return ((1, f"amounts of the lines add up to {added:f}, the statements' total is {total:f}"),) if wrong else ()


def _said(job: Job, month: Month) -> tuple[str, ...]:
    """What could not be made, and notes of the settling; what every report says of the rest is not said again."""
    titles = list(month.stopped)
    for made in month.statements:
        count = _open_calls(job.facts, made)
        still_open = Title(f"{count:,} calls of {made.vendor} are still open", f"{made.vendor}:{count:,} 通通话未结束")
        of = f"{made.contract} · " if len(month.statements) > 1 else ""
        titles += [of + text_of(title, job.request.lang) for title in (*made.notes, *((still_open,) if count else ()))]
    return tuple(titles)


def _open_calls(facts: Facts, made: Statement) -> int:
    period = parse_period(Grain.MONTH, made.month, made.zone)
    found = measure(facts, "open_calls", period, {"vendor": (made.vendor,)}).get("")
    return int(found.numerator) if found else 0


def _zone_notes(job: Job, month: Month) -> tuple[str, ...]:
    zones = dict.fromkeys(made.zone for made in month.statements if made.zone != job.request.period.zone)
    return tuple(_ZONE.text(job.request.lang).format(zone=zone) for zone in zones)


def _about(month: Month, lang: Lang) -> dict[str, str]:
    told = {
        "contract": [f"{made.contract} · {text_of(made.title, lang)}" for made in month.statements],
        "vendor": [made.vendor for made in month.statements],
        "currency": [made.currency for made in month.statements],
        "digest": [made.digest for made in month.statements],
    }
    return {name: ", ".join(dict.fromkeys(values)) for name, values in told.items()}
