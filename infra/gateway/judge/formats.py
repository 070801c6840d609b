"""In which formats data are taken: those that hold values and nothing else."""

from __future__ import annotations

from opsledger.infra.gateway.judge.lists import listed

FORMATS = listed("""
    TabSeparated TSV TabSeparatedWithNames TSVWithNames TabSeparatedWithNamesAndTypes TSVWithNamesAndTypes
    TabSeparatedRaw TSVRaw TabSeparatedRawWithNames TSVRawWithNames TabSeparatedRawWithNamesAndTypes
    TSVRawWithNamesAndTypes CSV CSVWithNames CSVWithNamesAndTypes JSON JSONCompact JSONColumns
    JSONCompactColumns JSONColumnsWithMetadata JSONEachRow JSONLines NDJSON JSONStringsEachRow
    JSONCompactEachRow JSONCompactEachRowWithNames JSONCompactEachRowWithNamesAndTypes
    JSONCompactStringsEachRow JSONCompactStringsEachRowWithNames JSONCompactStringsEachRowWithNamesAndTypes
    JSONObjectEachRow JSONAsString JSONAsObject BSONEachRow TSKV Native RowBinary RowBinaryWithNames
    RowBinaryWithNamesAndTypes Parquet Arrow ArrowStream ORC Avro MsgPack LineAsString RawBLOB Npy
""")
"""Of tables that come along. Values, Template and others that may hold expressions or name further files are not among them."""
_OF_INSERTS = FORMATS | {"Values"}
"""Expressions among the values of an INSERT are switched off."""


def may_come(format_: str, *, inserted: bool = False) -> bool:
    """Whether data may come in a format, written in any case: those of a table that comes along, or of an INSERT."""
    return format_.lower() in {name.lower() for name in (_OF_INSERTS if inserted else FORMATS)}
