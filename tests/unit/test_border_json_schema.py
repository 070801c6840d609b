"""The exported JSON Schema takes what the border takes and refuses what it refuses, as far as the dialect can say it."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.ingest.border.json_schema import schema_of
from tests.border_samples import record, spoilt


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_the_schema_is_valid_and_takes_the_samples(type_: str) -> None:
    schema = json.loads(json.dumps(schema_of(type_)))
    Draft202012Validator.check_schema(schema)
    of = Draft202012Validator(schema)
    assert of.is_valid(record(type_))
    assert of.is_valid(record(type_, full=False))


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_the_schema_refuses_what_is_missing_unknown_or_of_the_wrong_kind(type_: str) -> None:
    of = Draft202012Validator(schema_of(type_))
    assert not of.is_valid(spoilt(record(type_), ("data", "nonsense"), 1))
    for spec in fields_of(type_):
        assert not of.is_valid(spoilt(record(type_), ("data", spec.name), [[]]))
