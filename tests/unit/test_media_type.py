"""Media types are taken apart as RFC 6838, 6839 and 9110 write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.border.media_type import media_type_of

JSON = [
    *("application/json", "text/json", "image/x+json", "application/foo_bar+json", "application/vnd.a!b+json"),
    *("APPLICATION/JSON", " application/json ; charset=utf-8", "application/json;", "application/json; ;charset=UTF-8 ;"),
    *('application/json; foo="a;charset=latin1"', 'application/json; charset="utf-8"; q="\\";charset=x"'),
    *("application/json;charset=us-ascii", "application/problem+json; a=b; c=d", f"application/{'a' * 122}+json"),
]
NO_JSON = ["text/plain", "application/xml", "application/jsonp", "application/json+xml", "application/x-json", "json/x"]
NONE = [
    *("", "json", "application", "application/", "/json", "application/json/x", "application/+json", "application/a b"),
    *("application/json, application/json", "application/json; charset", "application/json x", 'application/json; a="b'),
    *("application/json; =b", "application/ json", "application/jsön", "application/json;a=é", f"application/{'a' * 128}"),
]


@pytest.mark.parametrize("text", JSON)
def test_what_is_json_is_seen_whatever_its_parameters_say(text: str) -> None:
    found = media_type_of(text)
    assert found is not None
    assert (found.is_json, found.foreign_charset) == (True, "")


@pytest.mark.parametrize("text", NO_JSON)
def test_other_types_are_no_json(text: str) -> None:
    found = media_type_of(text)
    assert found is not None
    assert not found.is_json


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_media_type_is_none(text: str) -> None:
    assert media_type_of(text) is None


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("application/json;charset=latin-1", "latin-1"),
        ('application/json; a="b"; charset="gb18030"', "gb18030"),
        ("application/json; CharSet=UTF-16", "UTF-16"),
        ("application/json; charset=utf-8; charset=latin1", "latin1"),
        ("application/json; charset = latin1", "latin1"),
        ("application/json; charset=", ""),
    ],
)
def test_another_charset_is_found_wherever_it_stands(text: str, charset: str) -> None:
    found = media_type_of(text)
    assert (found.foreign_charset if found else "") == charset


@given(st.text(alphabet=' \t;="\\/+aé,', max_size=80))
def test_any_text_is_a_media_type_or_none(text: str) -> None:
    found = media_type_of(text)
    assert found is None or "/" in found.name


def test_a_long_text_that_is_none_takes_no_longer_than_its_length() -> None:
    assert media_type_of("a/b" + ";" * 100_000 + " " * 100_000 + "x") is None
    assert media_type_of('a/b; c="' + "\\" * 200_000) is None
