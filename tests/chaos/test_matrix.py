"""The fault matrix in its short form; the long one is ``make chaos``. And the judge's own test: defects that it has to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from tests.chaos.matrix.cases import SHORT_FORM, Case, play
from tests.chaos.matrix.faults import SHORT
from tests.chaos.matrix.field import Field, field_on
from tests.chaos.matrix.judge import acknowledged
from tests.chaos.matrix.sources import Import

pytestmark = pytest.mark.chaos
SEED = 21


@pytest.fixture(scope="module")
def field(three_brokers: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """One log and one ledger for all cases: each is judged with all that came before it."""
    print(f"seed {SEED}")
    with field_on(three_brokers, tmp_path_factory.mktemp("matrix"), SEED) as made:
        yield made


@pytest.mark.parametrize("case", [pytest.param(each, id=each.name) for each in SHORT_FORM])
def test_nothing_is_lost_and_nothing_counts_twice(case: Case, field: Field) -> None:
    assert play(case, field, SHORT).complaints == ()


def test_the_judge_sees_an_import_that_drops_what_was_not_acknowledged(field: Field) -> None:
    """Negative control: what is said to be kept and is not."""
    source = Import.of(field, SHORT.events)
    child = source.start("drop=append:2")
    assert child.end() == 3
    assert any("acknowledged and are not in the log" in each for each in acknowledged(field.settings, source.told(child)))


@pytest.fixture(scope="module")
def broken(field: Field) -> str:
    """A second ledger of the same log, filled by a sink that goes on without its first insert and does not look."""
    field.feed(field.lines(field.name(), SHORT.events))
    child = field.start(["blind", "drop=insert:1"], "sink", "--until-end", "--name", "c", "--quiet", database="control")
    assert child.end() == 3, "".join(child.text)
    return "control"


def test_the_judge_sees_a_sink_that_goes_on_before_its_insert(broken: str, field: Field) -> None:
    """Negative control: by place and by id."""
    told = field.judge(broken).complaints
    assert any("messages of the log are nowhere" in each for each in told)
    assert any("are in the log and not counted" in each for each in told)


def test_the_judge_sees_what_readers_count_twice(broken: str, field: Field) -> None:
    """Negative control: a read without the once; repeats are in the log on purpose."""
    field.store(broken).client.command("CREATE OR REPLACE VIEW call_once AS SELECT * FROM call")
    assert any("'call' are counted more than once" in each for each in field.judge(broken).complaints)


def test_the_judge_sees_facts_that_are_not_the_ledgers(broken: str, field: Field) -> None:
    """Negative control: a fact that nobody can make again."""
    assert not any("fact tables" in each for each in field.judge(broken).complaints)
    field.store(broken).client.command("TRUNCATE TABLE calls")
    assert any("fact tables" in each for each in field.judge(broken).complaints)
