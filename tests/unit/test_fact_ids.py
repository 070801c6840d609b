"""The quick way to an imported fact's id gives the id that the domain defines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.envelope import fact_id
from opsledger.ingest.fact_ids import MARK, FactIds

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    tenant=NAMES,
    source=NAMES,
    types=st.lists(NAMES, min_size=1, max_size=3),
    key=st.lists(NAMES, max_size=4),
    ordinal=st.integers(0, 12),
)
def test_an_id_is_the_domains(tenant: str, source: str, types: list[str], key: list[str], ordinal: int) -> None:
    ids = FactIds(tenant, source)
    for type_ in (*types, *types):
        assert ids.of(type_, MARK.join([*key, str(ordinal)]).encode()) == str(fact_id(tenant, source, type_, key, ordinal))


def test_another_key_gives_another_id() -> None:
    assert FactIds("t", "s").of("call.queued", b"1") != FactIds("t", "s").of("call.queued", b"2")
