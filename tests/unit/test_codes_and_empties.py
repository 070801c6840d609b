"""No raw code reaches a reader, and no empty column is left without a reason."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, get_args, get_origin

import pytest

import opsledger.domain.events as events
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.codes import CODES, PARAMETERS, named
from opsledger.projections.reports.empties import empties_note, empty_columns, unexplained
from opsledger.projections.reports.model import Column
from tests.format_samples import rich

COLUMNS: Mapping[str, str] = {
    "Direction": "direction",
    "Channel": "channel",
    "IvrOutcome": "ivr_outcome",
    "MissReason": "reason",
    "TransferTarget": "to_kind",
    "TransferMode": "mode",
    "LeaveReason": "reason",
    "EndedBy": "ended_by",
    "Nature": "nature",
    "Purpose": "purpose",
    "AttemptOutcome": "outcome",
    "Severity": "severity",
    "Method": "method",
    "FaultSeverity": "severity",
    "Party": "party",
    "Setting": "setting",
    "AgentState": "state",
    "ExcuseKind": "excuse_kind",
    "TicketKind": "kind",
}
"""Closed set of the events → a column that shows it."""


def closed_sets() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every named Literal of texts in the modules of the events."""
    for module in pkgutil.iter_modules(events.__path__):
        found = importlib.import_module(f"{events.__name__}.{module.name}")
        for name, value in vars(found).items():
            if get_origin(value) is Literal and all(isinstance(code, str) for code in get_args(value)):
                yield name, get_args(value)


def test_every_code_of_every_closed_set_has_a_name_in_both_languages() -> None:
    found = list(closed_sets())
    assert len(found) > 10
    for name, codes in found:
        assert name in COLUMNS, f"{name} is a closed set: say which column shows it, and name its codes in reports/codes.py"
        for code in codes:
            label = CODES[COLUMNS[name]].get(code)
            assert label, f"{name}: {code} has no name"
            assert label.zh != code


def test_a_code_without_a_name_would_be_noticed() -> None:
    assert named(CODES, "severity", "catastrophic", "zh") == "catastrophic"


@pytest.mark.parametrize(
    ("column", "value", "zh"),
    [
        ("state", "wrap_up", "事后处理"),
        ("complaint_state", "withdrawn", "撤诉"),
        ("contradictions", "ended_twice, negative_wait", "重复结束、等待时长为负"),
        ("contradictions", "ended_twice, unheard_of", "ended_twice, unheard_of"),
        ("queue", "phone", "phone"),
        ("", "x", "x"),
    ],
)
def test_a_value_is_called_by_its_column(column: str, value: str, zh: str) -> None:
    assert named(CODES, column, value, "zh") == zh


def test_parameters_have_names() -> None:
    assert named(PARAMETERS, "profile", "cn-hotline", "zh") == "国内热线"
    assert named(PARAMETERS, "interval", "half_hour", "en") == "half hour"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_column_is_found_and_a_note_that_names_it_explains_it(lang: Lang) -> None:
    columns = (Column("a", "Alpha", "text"), Column("b", "Beta", "count"))
    result = replace(rich(lang), columns=columns, rows=(("x", None), ("y", None)), totals=(None, None), sections=(), met={})
    assert unexplained(result) == ("b",)
    note = empties_note(empty_columns(columns, result.rows, result.totals), (), lang)
    assert "Beta" in note
    assert unexplained(replace(result, footer=replace(result.footer, notes=(note,)))) == ()
    assert empties_note(columns[1:], ("beta is not told by the source",), lang) == ""


def test_a_column_with_one_value_or_a_total_or_no_rows_is_not_empty() -> None:
    columns = (Column("b", "Beta", "count"),)
    assert empty_columns(columns, [(None,), (0,)]) == ()
    assert empty_columns(columns, [(None,)], (3,)) == ()
    assert empty_columns(columns, []) == ()
