"""The fault matrix in its short form; the long one is ``make chaos``. And the judge's own test: defects that it has to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from tests.chaos.matrix.cases import SHORT_FORM, Case, play
from tests.chaos.matrix.controls import CONTROLS
from tests.chaos.matrix.faults import SHORT
from tests.chaos.matrix.field import Field, field_on

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


def test_the_judge_sees_defects(field: Field) -> None:
    """Negative controls: loss, a row that counts twice, facts that are not the ledger's."""
    assert [what for what, control in CONTROLS if not control(field, SHORT)] == []
