"""Profiles are whole: both languages, sources, the dictionary's own amounts; what the ledger counts is not counted anew."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from opsledger.domain.errors import UserError
from opsledger.projections.metrics.model import Attribution, Label
from opsledger.projections.metrics.profiles import COUNTED, DEFAULT_PROFILE, PROFILES, Profile, profile
from opsledger.projections.metrics.profiles.amounts import ANSWERED, amount_of, either
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports import words
from opsledger.projections.reports.catalogue import IDENTITY

CHINESE = re.compile(r"[\u4e00-\u9fff]")
OTHERS = [p for p in PROFILES.values() if p.code != DEFAULT_PROFILE]


def _labels() -> list[tuple[str, Label]]:
    found = [(f"{p.code} {label.en}", label) for p in PROFILES.values() for label in (p.label, p.about)]
    return found + [
        (f"{p.code} {m.code}", t) for p in PROFILES.values() for m in p.metrics.values() for t in (m.label, m.definition)
    ]


@pytest.mark.parametrize(("name", "label"), _labels())
def test_every_name_is_there_in_both_languages(name: str, label: Label) -> None:
    assert label.en.strip()
    assert not CHINESE.search(label.en), name
    assert CHINESE.search(label.zh), name


def test_the_six_profiles_of_the_issue_are_there() -> None:
    assert set(PROFILES) == {"cn-hotline", "asterisk-sl", "asterisk-sl2", "connect", "genesys", "wazo"}
    assert next(iter(PROFILES)) == DEFAULT_PROFILE


def test_the_default_profile_is_the_dictionary() -> None:
    for code, metric in METRICS.items():
        assert profile(DEFAULT_PROFILE).metric(code) is metric
        assert profile(DEFAULT_PROFILE).defines(code)


def test_a_profile_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="there is no profile 'conect'; did you mean 'connect'"):
        profile("conect")


@pytest.mark.parametrize("of", OTHERS, ids=lambda p: p.code)
def test_a_profile_keeps_what_a_metric_is_and_says_where_its_definition_stands(of: Profile) -> None:
    assert of.metrics
    for code, metric in of.metrics.items():
        own = METRICS[code]
        assert (metric.code, metric.unit, metric.better, metric.per) == (own.code, own.unit, own.better, own.per)
        assert (metric.denominator is None) == (own.denominator is None), "law 1 holds for the same columns"
        assert metric.source != own.source
        assert metric.source.strip()
        assert metric.label.en.casefold() != own.label.en.casefold() or not of.recounts(code), "another number has another name"


@pytest.mark.parametrize("of", OTHERS, ids=lambda p: p.code)
def test_no_profile_writes_a_formula_of_its_own(of: Profile) -> None:
    """Each condition is one of the dictionary's, joined by AND, OR, NOT and a few words about the row."""
    known = sorted({a.where for m in METRICS.values() for a in m.amounts if a.where}, key=len, reverse=True)
    values = {a.value for m in METRICS.values() for a in m.amounts}
    for metric in of.metrics.values():
        for amount in metric.amounts:
            rest = amount.where
            for where in known:
                rest = rest.replace(where, "")
            rest = re.sub(
                r"wait_ms <= \{threshold_ms:Int64\}|wait_ms IS NOT NULL|\bwrapped_up\b|\b(AND|OR|NOT)\b|[()\s]", "", rest
            )
            assert rest == "", (of.code, metric.code)
            assert amount.value in values


@pytest.mark.parametrize("of", OTHERS, ids=lambda p: p.code)
def test_what_the_ledger_counts_is_counted_alike_and_placed_alike(of: Profile) -> None:
    """Law 2 holds under each profile: the parts of the identity are the dictionary's, and all count at one moment."""
    for code in COUNTED:
        assert of.metric(code).amounts == METRICS[code].amounts
    assert len({of.metric(code).default for code in IDENTITY}) == 1
    assert set(IDENTITY) <= set(COUNTED)


def test_a_profile_that_counts_queue_entries_anew_cannot_be_made() -> None:
    own = METRICS["entries"]
    anew = replace(own, numerator=replace(own.numerator, where="is_entry AND outcome != 'full'"))
    with pytest.raises(ValueError, match="counts entries anew"):
        Profile("x", Label("x", "某"), "x", Label("x", "某"), {"entries": anew})
    assert Profile("x", Label("x", "某"), "x", Label("x", "某"), {"entries": replace(own, label=Label("x", "某"))})


def test_only_amounts_of_the_same_kind_can_be_joined() -> None:
    with pytest.raises(ValueError, match="same kind of row"):
        either(ANSWERED, amount_of("talk_time"))


def test_connect_counts_what_can_be_moved_when_the_contact_ended() -> None:
    connect = profile("connect")
    assert connect.metric("entries").default is Attribution.END
    assert connect.metric("signed_in_time").default is Attribution.SPREAD
    assert connect.metric("tickets_opened") is METRICS["tickets_opened"]
    assert not connect.defines("entries")
    assert connect.differs("entries")
    assert not connect.recounts("entries")


def test_a_report_says_by_the_shorter_list_what_a_profile_does_not_define() -> None:
    def note(code: str, *metrics: str) -> str:
        return words.undefined_note(profile(code), map(profile(code).metric, metrics), 20_000, "en")

    assert note("connect", "asa", "avg_talk", "p90_wait").endswith("the dictionary's own is used: Wait, 90th percentile.")
    assert "Wazo defines only: Answered rate." in note("wazo", "answer_rate", "asa", "p90_wait")
    assert note("wazo", "asa").startswith("Wazo defines none of these metrics")
    assert note("wazo", "answer_rate", "entries", "abandoned_entries") == ""
    assert note(DEFAULT_PROFILE, "asa", "p90_wait") == ""
