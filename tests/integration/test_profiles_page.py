"""docs/profiles.md is what the code says, and its worked example is what a pencil says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from opsledger.infra.profiles_doc import example_figures
from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.profiles import PROFILES
from opsledger.projections.metrics.profiles.document import render_profiles_md

PENCIL = {
    # ten entries, five answered (5, 12, 18, 45, 90 s), two abandoned (8, 70 s), timed out at 120 s, callback at 15 s, full
    "cn-hotline": {"service_level": (3, 10), "answer_rate": (5, 10), "avg_queue_time": (383_000, 10)},
    "asterisk-sl": {"service_level": (4, 5)},  # within 60 s
    "asterisk-sl2": {"service_level": (5, 8)},  # + abandoned at 8 s; the one timed out is an abandon
    "connect": {"service_level": (5, 9), "abandon_rate": (2, 9), "avg_abandon_time": (198_000, 3)},  # the full one never queued
    "genesys": {  # flow-outs are in no service level, but they were offered; the full one was not
        "service_level": (3, 7),
        "answer_rate": (5, 9),
        "abandon_rate": (2, 9),
        "avg_wrap_up": (90_000, 3),
    },
    "wazo": {"service_level": (3, 5), "answer_rate": (5, 9), "avg_queue_time": (368_000, 8)},  # the callback is unknown to it
}
"""Profile → metric → (numerator, denominator), worked out by hand; the rest is as under cn-hotline."""
OWN = {
    "service_level": (3, 10),
    "answer_rate": (5, 10),
    "abandon_rate": (2, 10),
    "asa": (170_000, 5),
    "avg_queue_time": (383_000, 10),
    "avg_abandon_time": (78_000, 2),
    "avg_wrap_up": (90_000, 5),
    "avg_handle": (1_050_000, 5),
}


@pytest.fixture(scope="module")
def figures() -> Mapping[str, Mapping[str, Parts]]:
    return example_figures()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_worked_example_is_what_a_pencil_says(figures: Mapping[str, Mapping[str, Parts]], profile: str) -> None:
    found = {code: (parts.numerator, parts.denominator) for code, parts in figures[profile].items()}
    assert found == OWN | PENCIL[profile]


def test_the_six_profiles_give_six_service_levels(figures: Mapping[str, Mapping[str, Parts]]) -> None:
    levels = {p: figures[p]["service_level"].value(PROFILES[p].metric("service_level")) for p in PROFILES}
    assert len(set(levels.values())) == len(PROFILES) == 6


def test_docs_profiles_md_is_what_the_code_says(figures: Mapping[str, Mapping[str, Parts]]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text("utf-8")
    assert page == render_profiles_md(figures), "run `make docs`"


def test_the_page_tells_every_definition_with_its_source(figures: Mapping[str, Mapping[str, Parts]]) -> None:
    page = render_profiles_md(figures)
    for profile in PROFILES.values():
        for metric in profile.metrics.values():
            (line,) = [
                text
                for text in page.split(f"## `{metric.code}` — ", 1)[1].split("\n## ", 1)[0].splitlines()
                if text.startswith(f"| `{profile.code}` |")
            ]
            assert metric.label.zh.replace("{threshold}", "T") in line
            assert line.endswith(f"{metric.source} |")
