"""What CloudEvents 1.0.2 says of an event's attributes, beyond what the judge asks of every record.

The HTTP ingest asks this of what comes in. Files and topics do not: ledgers hold what they brought before these rules were
asked, and who reads them again is to find the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opsledger.ingest.border.media_type import media_type_of
from opsledger.ingest.border.wire import STRUCTS

KNOWN = frozenset((*next(iter(STRUCTS.values())).__struct_fields__, "type", "specversion", "datacontenttype"))
"""What has a meaning here; all else is an extension that is kept as it is."""
DATA_BASE64 = "data_base64"
_NAME = re.compile("[a-z0-9]+")
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
_INT32 = range(-(2**31), 2**31)
_SIGNS = ("+", "-")
_OFFSET_WITHOUT_COLON = re.compile(r"[+-]\d{4}", re.ASCII)


def misnamed(name: str) -> str:
    """What is wrong with an attribute's name; empty for nothing."""
    return "" if _NAME.fullmatch(name) else f"{_shown(name)}: an attribute's name has lower-case letters and digits only"


def is_harmless(raw: bytes) -> bool:
    """Whether a text in JSON cannot hold a character that is forbidden: none is printable ASCII, and none is escaped."""
    return raw.isascii() and b"\\" not in raw and b"\x7f" not in raw


def problem_of(event: Mapping[str, Any], *, harmless: bool = False) -> str:
    """What CloudEvents forbids in an event of structured form, with the attribute's name; empty for nothing.

    A null is an attribute that is not there. Whole numbers are ints, others anything but a string or a bool. ``harmless``:
    its characters need no looking at.
    """
    if not KNOWN.issuperset(event):
        for name, value in event.items():
            if name not in KNOWN and (wrong := _wrong_extension(name, value)):
                return wrong
    if not harmless and (wrong := _wrong_texts(event)):
        return wrong
    time, media = event.get("time"), event.get("datacontenttype")
    if type(time) is str and time[-5:-4] in _SIGNS and (wrong := _wrong_offset(time)):
        return wrong
    return "" if media is None or media == "application/json" else _wrong_content(media)


def canonical(value: Any) -> Any:
    """An extension's value as it would stand in a header: whole numbers and booleans become text.

    These texts are what CloudEvents calls the canonical ones, and all that is left of a type in a header.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _wrong_extension(name: str, value: Any) -> str:
    if name == DATA_BASE64:
        return "" if value is None else "data_base64: data has to be a JSON object, under the name 'data'"
    if wrong := misnamed(name):
        return wrong
    if value is None or isinstance(value, (str, bool)):
        return ""
    if isinstance(value, int):
        return "" if value in _INT32 else f"{name}: a whole number has to be of 32 bits; send it as text"
    what = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a number that is not whole"
    return f"{name}: an attribute is text, a whole number, true or false, not {what}; send it as text"


def _wrong_texts(event: Mapping[str, Any]) -> str:
    if "".join([value for value in event.values() if type(value) is str]).isprintable():
        return ""  # nothing that is forbidden is printable
    for name, value in event.items():
        if isinstance(value, str) and name != "data" and (found := _FORBIDDEN.search(value)):
            return f"{name}: holds U+{ord(found[0]):04X}, which no attribute may hold"
    return ""


def _wrong_offset(time: str) -> str:
    if not _OFFSET_WITHOUT_COLON.fullmatch(time[-5:]) or ":" not in time:
        return ""
    return f"time: '{_shown(time)}' has an offset without a colon; RFC 3339 writes +08:00"


def _wrong_content(media: Any) -> str:
    found = media_type_of(media) if isinstance(media, str) else None
    if found is None or not found.is_json:
        return f"datacontenttype: data has to be application/json, not {str(media)[:100]!r}"
    charset = found.foreign_charset
    return f"datacontenttype: charset '{_shown(charset)}' is not taken; JSON is UTF-8" if charset else ""


def _shown(text: str) -> str:
    return text[:100].encode("utf-8", "backslashreplace").decode()
