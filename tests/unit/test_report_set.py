"""A set of reports asks each question once, and its index page says what is in it and what is not, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from opsledger.infra.render_pool import Figure, Made
from opsledger.infra.report_index import write_index
from opsledger.infra.report_set import Once, Refused


class Counting:
    """An engine that counts its questions and gives as many rows as its name says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.name = "engine"

    def query(self, query: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> Any:
        self.asked.append(f"{query}{parameters}{more}")
        return SimpleNamespace(result_rows=[(1,)] * int(query))


def test_the_same_question_is_asked_once_and_another_one_anew() -> None:
    engine = Counting()
    once = Once(engine)
    first = once.query("3", parameters={"tenant": "a"})
    assert once.query("3", parameters={"tenant": "a"}) is first
    assert len(engine.asked) == 1
    once.query("3", parameters={"tenant": "b"})
    once.query("4", parameters={"tenant": "a"})
    assert len(engine.asked) == 3


def test_large_answers_are_let_go_and_small_ones_kept() -> None:
    engine = Counting()
    once = Once(engine)
    for query in ("3", "5000"):
        once.query(query)
    once.forget_large()
    once.query("3")
    assert len(engine.asked) == 2
    once.query("5000")
    assert len(engine.asked) == 3


def test_questions_with_special_wishes_go_to_the_engine_itself() -> None:
    engine = Counting()
    once = Once(engine)
    for _ in range(2):
        once.query("1", column_formats={"raw": "bytes"})
    assert len(engine.asked) == 2
    assert once.name == "engine"


def _made(folder: Path, lang: Any, title: str, *, ok: bool = True) -> Made:
    figures = (Figure("Answer rate", "75.00 %", met=False), Figure("Entries <b>", "4"))
    path = folder / lang / "traffic_2026-01.html"
    group = "话务" if lang == "zh" else "traffic"
    return Made(path, title, "2026-01", lang, "html", ok, group, figures, ("Watch out & see",))


def test_the_index_shows_figures_against_targets_warnings_and_both_titles(tmp_path: Path) -> None:
    made = [_made(tmp_path, "en", "Traffic"), _made(tmp_path, "zh", "话务量统计表")]
    page = write_index(made, tmp_path, "demo", "January", [Refused("tickets", "no <queue>")]).read_text("utf-8")
    for text in (
        "Traffic · 话务量统计表",
        "<h2>Traffic · 话务</h2>",
        "75.00 %",
        "✗",
        "Watch out &amp; see",
        "no &lt;queue&gt;",
    ):
        assert text in page
    assert 'href="zh/traffic_2026-01.html"' in page
    assert "<b>4" in page
    assert "Entries &lt;b&gt;" in page
    assert "break a law" not in page


def test_the_index_says_that_a_law_is_broken(tmp_path: Path) -> None:
    page = write_index([_made(tmp_path, "en", "Traffic", ok=False)], tmp_path, "demo", "January").read_text("utf-8")
    assert "1 files break a law of the numbers" in page
