"""Each format of one result with everything in it, to the letter; what is meant to change is written anew and looked at:
``python -m tests.format_samples``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.json import to_json, to_plain
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.formats.values import MET, MISSED
from opsledger.projections.master.names import NO_NAMES
from opsledger.projections.metrics.model import Lang
from tests.format_samples import FORMULA, GOLDEN, goldens, page_text, rich


def test_every_format_is_as_it_was_to_the_letter() -> None:
    made = goldens()
    assert sorted(made) == sorted(path.name for path in GOLDEN.iterdir())
    for name, text in made.items():
        assert text.encode() == (GOLDEN / name).read_bytes(), f"{name} is another than before"


def test_a_changed_figure_would_be_noticed() -> None:
    result = rich()
    changed = replace(result, rows=((*result.rows[0][:3], 1235, *result.rows[0][4:]), *result.rows[1:]))
    assert to_csv(changed).encode() != (GOLDEN / "rich.en.csv").read_bytes()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_read_names_where_programs_read_ids(lang: Lang) -> None:
    result = rich(lang)
    for text in (to_terminal(result, 140), page_text(to_html(result))):
        assert "售前咨询 (Sales)" in text
        assert "李娜 (1007)" in text
        assert "q1" not in text
    document = json.loads(to_json(result))
    assert document["rows"][0]["queue"] == "q1"
    assert document["names"]["queue"]["q1"] == "售前咨询 (Sales)"
    assert document["names"]["agent"] == {"a7": "李娜 (1007)"}


def test_without_names_the_sheet_has_no_column_of_them() -> None:
    result = replace(rich(), names=NO_NAMES)
    assert "name" not in to_csv(result).splitlines()[0]
    assert "q1" in page_text(to_html(result))
    assert to_plain(result)["names"] == {}


def test_a_target_met_or_missed_is_told_by_a_sign_not_by_colour_alone() -> None:
    result = rich()
    for text in (to_terminal(result, 140), page_text(to_html(result))):
        assert f"{MISSED} 66.67 %" in text
        assert f"{MET} 95.00 %" in text
    bare = replace(result, met={})
    assert MISSED not in to_terminal(bare, 140)
    assert json.loads(to_json(result))["met"] == {"totals": {"service_level": False}, "0": {"service_level": False},
                                                  "1": {"service_level": True}}  # fmt: skip


def test_the_sections_follow_with_their_titles_and_codes_have_names() -> None:
    lines = to_csv(rich()).split("\r\n")
    at = lines.index("Penalties [all]: 1/2")
    assert lines[at - 1] == ""
    assert lines[at + 1] == "Agent,Agent: name,State,Time,Closed,Fine [CNY],Currency,Score"
    assert "waived" in to_terminal(rich(), 140)
    assert "免除" in page_text(to_html(rich("zh")))
    assert "waived" not in page_text(to_html(rich("zh")))


def test_a_name_is_never_a_formula_nor_markup_nor_a_character_that_cannot_be_seen() -> None:
    result = rich()
    assert f""","'{FORMULA}",""" in to_csv(result)
    page = to_html(result)
    assert "<script>alert" not in page
    for text in (page, to_csv(result), to_terminal(result, 140)):
        assert not {"\x1b", "\u202e", "\x00", "\ud800"} & set(text)
        assert text.encode()


def test_every_id_that_is_a_number_with_a_sign_stays_text() -> None:
    assert "\r\n'-1,q3," in to_csv(rich())
