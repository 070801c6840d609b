"""The lists of functions that statements may call: all that the engine has is on them, and they say of it what holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsledger.infra.gateway.judge.functions import (
    COMBINATORS,
    FUNCTIONS,
    TABLE_FUNCTIONS,
    Listed,
    named_verdict,
    read,
    table_verdict,
    verdict,
)

MADE_BY_THE_PARSER = {"exists", "grouping", "lambda", "untuple"}
UNKNOWN = "is not on the list of functions"
ELSEWHERE = """
import json, sys
import chdb
connection = chdb.connect(":memory:")

def answer(text):
    try:
        return str(connection.query(text, "TabSeparatedRaw")).strip()
    except Exception as error:
        return f"refused: {error}"

def rows(text):
    return [line.split("\\t") for line in answer(text).splitlines()]

def takes_names(name):
    def unknown(text):
        return "UNKNOWN_IDENTIFIER" in answer("EXPLAIN QUERY TREE SELECT " + text + " SETTINGS " + OLD)
    shapes = ("['a']", "[1], [1]", "map('a', 1)")
    return any(unknown(f"`{name}`(nonesuch, {shape})") and not unknown(f"`{name}`(tuple, {shape})") for shape in shapes)

OLD = "allow_deprecated_error_prone_window_functions = 1"
asked, allowed = json.loads(sys.stdin.read())
print(json.dumps({
    "functions": rows("SELECT name, is_aggregate, case_insensitive FROM system.functions WHERE origin = 'System'"),
    "tables": rows("SELECT name FROM system.table_functions"),
    "combinators": rows("SELECT name, is_internal FROM system.aggregate_function_combinators"),
    "takes_names": [name for name in allowed if takes_names(name)],
    "answers": {text: answer(text) for text in asked},
}))
"""


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("server") / "secret"
    file.write_text("of the host")
    return file


@pytest.fixture(scope="module")
def engine(secret: Path) -> dict[str, Any]:
    """What the installed engine has, and its answers to questions; in a process of its own, of which an engine takes one."""
    asked = [*CALLED, *(text.replace("FILE", str(secret)) for text in (BY_NAME, BY_STRUCTURE, BY_COMMENTS, PLAIN))]
    told = json.dumps([asked, [name for name in FUNCTIONS.allowed if name not in MADE_BY_THE_PARSER]])
    command = [sys.executable, "-c", ELSEWHERE]
    done = subprocess.run(command, input=told, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return dict(json.loads(done.stdout))


def differences(listed: Listed, engine: set[str]) -> list[str]:
    """What the list lacks and what it has too much, as one reads it."""
    names = set(listed.allowed) | set(listed.refused)
    return [
        f"{name} is new in the engine and not on the list" for name in sorted(engine) if not {name, name.lower()} & names
    ] + [f"{name} is on the list and not in the engine" for name in sorted(names - engine - {n.lower() for n in engine})]


def test_every_function_of_the_engine_is_on_the_list_and_no_other(engine: dict[str, Any]) -> None:
    assert differences(FUNCTIONS, {row[0] for row in engine["functions"]} | MADE_BY_THE_PARSER) == []
    assert differences(TABLE_FUNCTIONS, {row[0] for row in engine["tables"]}) == []
    assert differences(COMBINATORS, {row[0] for row in engine["combinators"]}) == []


def test_a_function_that_only_the_engine_or_only_the_list_has_is_named(engine: dict[str, Any]) -> None:
    names = {row[0] for row in engine["combinators"]}
    assert differences(COMBINATORS, {*names, "readMemory"}) == ["readMemory is new in the engine and not on the list"]
    assert differences(COMBINATORS, names - {"Resample"}) == ["Resample is on the list and not in the engine"]


def test_no_name_is_both_allowed_and_refused() -> None:
    for listed in (FUNCTIONS, TABLE_FUNCTIONS, COMBINATORS):
        assert not {name.lower() for name in listed.allowed} & set(listed.refused)
        assert listed.trusted <= set(listed.allowed)


def test_the_marks_are_what_the_engine_says(engine: dict[str, Any]) -> None:
    aggregates = {
        name if name in FUNCTIONS.allowed else name.lower() for name, aggregate, _ in engine["functions"] if aggregate == "1"
    }
    assert aggregates == FUNCTIONS.aggregates
    any_case = {name for name, _, insensitive in engine["functions"] if insensitive == "1" and name in FUNCTIONS.allowed}
    assert {name for name, marks in FUNCTIONS.allowed.items() if "i" in marks} - MADE_BY_THE_PARSER == any_case
    takes_names = {name for name, marks in FUNCTIONS.allowed.items() if "h" in marks}
    assert set(engine["takes_names"]) == takes_names
    assert {name for name, internal in engine["combinators"] if internal == "1"} == {"Null"}


@pytest.mark.parametrize(
    "name", ["count", "toDate", "arrayMap", "JSONExtractString", "lambda", "untuple", "_CAST", "in", "version"]
)
def test_what_reports_ask_for_is_allowed(name: str) -> None:
    assert verdict(name) == ""


REFUSED = [
    *("file", "FILE", "File", "filesystemAvailable", "hostName", "hostname", "HOSTNAME", "FQDN", "fullHostName", "displayName"),
    *("dictGet", "DICTGET", "dictGetString", "dictHas", "joinGet", "joinGetOrNull", "hasColumnInTable", "regionToCity"),
    *("reverseDNSQuery", "url", "remote", "catboostEvaluate", "evalMLMethod", "aiGenerate", "AIGenerate", "aigenerate"),
    *("sleep", "SLEEP", "sleepEachRow", "generateSerialID", "addressToSymbol", "addressToLine", "demangle", "flameGraph"),
    *("logTrace", "buildId", "getOSKernelVersion", "tcpPort", "getServerPort", "serverUUID", "getMacro", "getServerSetting"),
    *("uptime", "showCertificate", "zookeeperSessionUptime", "getClientHTTPHeader", "connectionId", "connection_id"),
    *("initialQueryID", "initial_query_id", "shardNum", "transactionID", "globalVariable", "getMergeTreeSetting", "aggThrow"),
    *("__getScalar", "naiveBayesClassifier", "assignCentroid", "structureToProtobufSchema", "flameGraphIf", "FLAMEGRAPHIF"),
    *("aggThrowOrNullIf", "sumNull", "sumIfNull", "", "State", "nonesuch", "nonesuchIf", "sum" + "If" * 1_000_000),
]


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name[:30])
def test_what_leads_out_is_refused_in_any_case(name: str) -> None:
    assert verdict(name)


def test_a_refusal_says_why_and_an_unknown_name_that_it_is_none() -> None:
    assert verdict("File") == "reads files of the server"
    assert verdict("flameGraphIf") == verdict("FLAMEGRAPH") == "looks into the running program"
    assert verdict("nonesuch") == UNKNOWN


COMBINED = [
    *("sumIf", "countIf", "uniqExactIfOrNull", "quantileExactInclusiveOrNull", "sumMap", "sumMapIf", "avgStateIf", "uniqMerge"),
    *("sumResample", "avgArgMin", "maxArgMaxIf", "sumForEach", "COUNTDistinct", "countDistinct", "any_respect_nullsIf"),
    *("quantilesTDigestStateForEachMerge", "sumSimpleState", "groupArrayArray", "sumTuple", "STDDEV_POPIf", "uniqUpToIf"),
]


@pytest.mark.parametrize("name", COMBINED)
def test_an_aggregate_may_take_combinators(name: str) -> None:
    assert verdict(name) == ""


@pytest.mark.parametrize(
    "name", ["lengthIf", "toStringState", "versionIf", "sumIF", "SUMIF", "countif", "lambdaIf", "sumIff", "rand2If"]
)
def test_nothing_else_may_and_not_in_another_case(name: str) -> None:
    assert verdict(name) == UNKNOWN


CALLED = {
    "SELECT SUMIf(1, 1)": "SUMIf",
    "SELECT COUNTDistinct(1)": "COUNTDistinct",
    "SELECT uPPer('a')": "uPPer",
    "SELECT Exists((SELECT 1))": "Exists",
    "SELECT sumIF(1, 1)": "sumIF",
    "SELECT TODATE('2026-01-01')": "TODATE",
    "SELECT HOSTNAME()": "HOSTNAME",
    "SELECT UNTUPLE((1, 2))": "UNTUPLE",
    "SELECT sumNull(1)": "sumNull",
}


def test_case_is_taken_as_the_engine_takes_it(engine: dict[str, Any]) -> None:
    runs = {text: not engine["answers"][text].startswith("refused") for text in CALLED}
    assert {text: verdict(name) == "" for text, name in CALLED.items()} == runs
    assert sum(runs.values()) == 4


BY_NAME = "SELECT arrayMap(file, ['FILE'])[1]"
BY_STRUCTURE = r"SELECT b FROM values('a Int8, b String ALIAS file(\'FILE\')', (1))"
BY_COMMENTS = r"SELECT b FROM values('a Int8, b FixedString(11/*(*/) ALIAS file(\'FILE\') -- )', (1))"
PLAIN = r"SELECT b FROM values('a Int8, b Enum8(\'x(\' = -1)', (1, 'x('))"


def test_a_function_is_also_called_by_its_bare_name_and_refused_there(engine: dict[str, Any], secret: Path) -> None:
    assert engine["answers"][BY_NAME.replace("FILE", str(secret))] == "of the host"
    assert named_verdict("arrayMap", "file") == "reads files of the server"
    assert named_verdict("mapFilter", "CONNECTIONID")
    assert named_verdict("arrayMap", "upper") == named_verdict("arrayMap", "calls") == named_verdict("count", "file") == ""


def test_a_structure_can_hold_a_call_and_is_refused_then(engine: dict[str, Any], secret: Path) -> None:
    for text in (BY_STRUCTURE, BY_COMMENTS):
        assert engine["answers"][text.replace("FILE", str(secret))] == "of the host"
        structure = text.partition("values(")[2].rpartition(", (1)")[0].replace("FILE", "/etc/hostname")
        assert "structure" in table_verdict("values", True, f"Literal {structure}")
    assert engine["answers"][PLAIN] == "x("
    assert table_verdict("values", False, r"Literal 'a Int8, b Enum8(\'x(\' = -1)'") == ""


PLAIN_STRUCTURES = [
    *("'a Int8'", r"'a Int64,\n\tb String'", "'a_b Array(Tuple(x Int8, y Nullable(Decimal(18, 2))))'"),
    *(r"'t DateTime64(3, \'UTC\'), m Map(String, LowCardinality(String))'", "Tuple_('a', UInt64_1)", "UInt64_1", "NULL"),
]


@pytest.mark.parametrize("literal", PLAIN_STRUCTURES)
def test_plain_structures_are_taken(literal: str) -> None:
    assert table_verdict("values", False, f"Literal {literal}") == ""


OTHER_STRUCTURES = [
    *(
        "a String DEFAULT file(1)",
        "a DEFAULT file(1)",
        "a ALIAS (file(1))",
        "a String MATERIALIZED (file(1))",
        "a String TTL now()",
    ),
    *(
        "a String EPHEMERAL",
        "a String, b ALIAS 1",
        "a String -- (",
        "a String /* */ ALIAS (1)",
        "`a(` String ALIAS file(1), `)` Int8",
    ),
    *(
        "a String # )",
        "a String $$($$ ALIAS 1",
        r"a String\\",
        r"a Enum8(\'\\\\\') ALIAS (1)",
        "a",
        "",
        "a alias(1)",
        "`a b` String",
        "a String ALIAS 1,",
    ),
    *(
        "a\u00a0String",
        "a FixedString(1--(\\n) ALIAS (1) -- )",
        'a Enum8("(") ALIAS (1), b Enum8(")")',
        "a FixedString(#(\\n1) ALIAS 1",
    ),
]


@pytest.mark.parametrize("text", OTHER_STRUCTURES)
def test_structures_of_more_than_names_and_types_are_refused(text: str) -> None:
    for name in ("values", "VALUES", "null", "input"):
        assert table_verdict(name, True, f"Literal '{text}'")


@pytest.mark.parametrize(
    "first", ["", "Identifier s", "Function concat", "Subquery", "Function tuple2", "Literal 'a Int8' (alias a(b))"]
)
def test_a_structure_that_is_no_plain_text_is_refused(first: str) -> None:
    assert table_verdict("values", True, first)


@pytest.mark.parametrize("trusted", [True, False])
def test_table_functions(trusted: bool) -> None:
    for name in ("numbers", "numbers_mt", "zeros", "zeros_mt", "generateSeries", "generate_series", "view", "VIEW", "primes"):
        assert table_verdict(name, trusted) == ""
    assert (table_verdict("merge", trusted) == "") == trusted
    assert (table_verdict("input", trusted, "Literal 'a Int8'") == "") == trusted
    for name in (
        "file",
        "FILE",
        "url",
        "URL",
        "s3",
        "remote",
        "cluster",
        "executable",
        "python",
        "mysql",
        "sqlite",
        "dictionary",
    ):
        assert table_verdict(name, trusted) not in ("", UNKNOWN)
    for name in ("nonesuch", "NUMBERS", "Merge", "upper", ""):
        assert table_verdict(name, trusted) == UNKNOWN


@pytest.mark.parametrize("line", ["sum", "+sum", "- sum", "+ sum  why", "? sum", "+z sum", "+ sum  "])
def test_a_line_that_is_none_is_said(line: str) -> None:
    with pytest.raises(ValueError, match="not a line of a list"):
        read(f"# a list\n{line}\n")
