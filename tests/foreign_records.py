"""Records of Amazon Connect and Genesys Cloud of our own making, and what the adapters make of them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from opsledger.domain.clock import FixedClock
from opsledger.infra.ingesting import RECORD_FORMATS
from opsledger.ingest.adapters.record_book import RecordOptions
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk, DeadRecord
from opsledger.ingest.inputs import Input

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
Json = dict[str, Any]


@dataclass(slots=True)
class Told:
    """What an adapter made of an input."""

    read: int = 0
    events: list[Json] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)

    @property
    def facts(self) -> list[tuple[float, str, Json]]:
        """(Seconds after ``START``, type, data) without what was only kept, in the order of time."""
        found = [(seconds(e["time"]), e["type"], e["data"]) for e in self.events if e["type"] != "record.kept"]
        return sorted(found, key=lambda fact: fact[0])

    @property
    def kept(self) -> list[Json]:
        """The remainders."""
        return [json.loads(e["sourcerecord"]) for e in self.events if e["type"] == "record.kept"]

    def one(self, type_: str) -> tuple[float, Json]:
        """(Seconds, data) of the only event of a type."""
        ((at, _, data),) = [fact for fact in self.facts if fact[1] == type_]
        return at, data

    def types(self) -> list[str]:
        """The types of the facts, each once, in the order of the alphabet."""
        return sorted({type_ for _, type_, _ in self.facts})


def seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


def at(offset: float) -> str:
    """A time some seconds after ``START``, as Connect writes it."""
    return (START + timedelta(seconds=offset)).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_ms(offset: float) -> str:
    """Likewise with milliseconds."""
    moment = START + timedelta(seconds=offset)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def options(format_: str = "connect", zone: str = "UTC", **more: Any) -> RecordOptions:
    return RecordOptions("t1", f"{format_}:test", ZoneInfo(zone), **more)


def chunks(format_: str, data: bytes, given: RecordOptions | None = None) -> list[Chunk]:
    adapter = RECORD_FORMATS[format_](Border(FixedClock(NOW)), given or options(format_))
    return list(adapter.chunks(Input("records.json", None, io.BytesIO(data))))


def told(format_: str, *records: Mapping[str, Any] | bytes, given: RecordOptions | None = None) -> Told:
    """What the adapter makes of records, one a line, or of bytes as they are."""
    data = b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    result = Told()
    for chunk in chunks(format_, data, given):
        result.read += chunk.read
        result.dead += chunk.dead
        rows = [
            (record, stream, json.loads(payload))
            for stream, table in chunk.events.items()
            for record, payload in zip(table["record"].to_pylist(), table["payload"].to_pylist(), strict=True)
        ]
        result.events += [event for _, _, event in sorted(rows, key=lambda row: row[:2])]
    return result


def without(record: Json, *paths: str) -> Json:
    """A record without some fields, ``Agent.Username`` for one that lies within another."""
    made = deepcopy(record)
    for path in paths:
        *above, name = path.split(".")
        holder = made
        for step in above:
            holder = holder[step]
        del holder[name]
    return made


ARN = "arn:aws:connect:eu-central-1:000000000000:instance/i-1"


AGENT: Json = {
    "Username": "zhao",
    "ARN": f"{ARN}/agent/a-1",
    "ConnectedToAgentTimestamp": at(22),
    "AgentInteractionDuration": 160,
    "CustomerHoldDuration": 20,
    "NumberOfHolds": 1,
    "LongestHoldDuration": 20,
    "AfterContactWorkStartTimestamp": at(202),
    "AfterContactWorkEndTimestamp": at(232),
    "AfterContactWorkDuration": 30,
    "RoutingProfile": {"Name": "Basic", "ARN": f"{ARN}/routing-profile/r-1"},
    "HierarchyGroups": {"Level1": {"GroupName": "Team A", "ARN": f"{ARN}/agent-group/g-1"}},
}
"""Who served the contact of ``contact``."""


def contact(id_: str = "c1", **more: Any) -> Json:
    """A contact record: the menu for 10 s, 12 s in the queue, 180 s of talk with a hold of 20 s in it, 30 s of wrap-up."""
    record = {
        "ContactId": id_,
        "AWSAccountId": "000000000000",
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "InstanceARN": ARN,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": at(0),
        "ConnectedToSystemTimestamp": at(0),
        "SystemEndpoint": {"Address": "+492215550100", "Type": "TELEPHONE_NUMBER"},
        "CustomerEndpoint": {"Address": "+491715550199", "Type": "TELEPHONE_NUMBER"},
        "Queue": {
            "Name": "Consult",
            "ARN": f"{ARN}/queue/q-1",
            "EnqueueTimestamp": at(10),
            "DequeueTimestamp": at(22),
            "Duration": 12,
        },
        "Agent": deepcopy(AGENT),
        "DisconnectTimestamp": at(202),
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "LastUpdateTimestamp": at(240),
        "Attributes": {"product": "router", "language": "de"},
        "NextContactId": None,
    }
    return record | more


def contact_event(kind: str, id_: str = "c1", **more: Any) -> Json:
    """A contact event of the same contact: each tells what is known by then."""
    record: Json = {
        "eventType": kind,
        "contactId": id_,
        "channel": "VOICE",
        "instanceArn": ARN,
        "initiationMethod": "INBOUND",
        "initiationTimestamp": at_ms(0),
    }
    if kind != "INITIATED":
        record["queueInfo"] = {"queueArn": f"{ARN}/queue/q-1", "queueType": "STANDARD", "enqueueTimestamp": at_ms(10)}
    if kind in ("CONNECTED_TO_AGENT", "DISCONNECTED"):
        record["agentInfo"] = {"agentArn": f"{ARN}/agent/a-1", "connectedToAgentTimestamp": at_ms(22)}
    if kind == "DISCONNECTED":
        record["disconnectTimestamp"] = at_ms(202.6)
    return record | more


def snapshot(status: str, since: float, *contacts: Json, kind: str = "", user: str = "zhao") -> Json:
    """What an agent does at one moment."""
    return {
        "AgentStatus": {"Name": status, "ARN": f"{ARN}/agent-state/s", "StartTimestamp": at_ms(since)}
        | ({"Type": kind} if kind else {}),
        "Configuration": {"Username": user, "FirstName": "Lin", "LastName": "Zhao", "RoutingProfile": {"Name": "Basic"}},
        "Contacts": list(contacts),
    }


def agent_event(kind: str, offset: float, now: Json | None, before: Json | None, id_: str = "", user: str = "a-1") -> Json:
    """An event of the agent event stream."""
    return {
        "AWSAccountId": "000000000000",
        "AgentARN": f"{ARN}/agent/{user}",
        "EventId": id_ or f"{user}-{kind}-{offset}",
        "EventTimestamp": at_ms(offset),
        "EventType": kind,
        "InstanceARN": ARN,
        "Version": "2017-10-01",
        "CurrentAgentSnapshot": now,
        "PreviousAgentSnapshot": before,
    }


def served(state: str, since: float, id_: str = "c1", **more: Any) -> Json:
    """A contact within a snapshot."""
    return {
        "ContactId": id_,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "State": state,
        "StateStartTimestamp": at_ms(since),
    } | more


def segment(kind: str, start: float, end: float | None = None, **more: Any) -> Json:
    """A segment of a session."""
    return (
        {"segmentType": kind, "segmentStart": at_ms(start), "conference": False}
        | ({} if end is None else {"segmentEnd": at_ms(end)})
        | more
    )


def participant(
    purpose: str, *segments: Json, name: str = "", user: str = "", metrics: Mapping[str, int] | None = None, **more: Any
) -> Json:
    """A participant with one session."""
    label = user or name or purpose
    session = {
        "sessionId": f"s-{label}-{segments[0]['segmentStart']}",
        "mediaType": "voice",
        "direction": "inbound",
        "segments": list(segments),
        "metrics": [
            {"name": metric, "value": value, "emitDate": segments[-1]["segmentStart"]}
            for metric, value in (metrics or {}).items()
        ],
    }
    made: Json = {"participantId": f"p-{label}", "purpose": purpose, "sessions": [session | more]}
    return made | ({"userId": user} if user else {}) | ({"participantName": name} if name else {})


def conversation(*participants: Json, id_: str = "k1", end: float | None = 232, **more: Any) -> Json:
    """A conversation of some participants, or of the usual ones."""
    record: Json = {
        "conversationId": id_,
        "conversationStart": at_ms(0),
        "originatingDirection": "inbound",
        "divisionIds": ["d-1"],
        "participants": list(participants) or usual(),
    }
    return record | ({} if end is None else {"conversationEnd": at_ms(end)}) | more


def usual() -> list[Json]:
    """Menu 10 s, queue 12 s of which it rings 7 s, talk 100 s, hold 20 s, talk 60 s, wrap-up 30 s."""
    return [
        caller(202, disconnectType="endpoint"),
        participant("ivr", segment("ivr", 0, 10, disconnectType="transfer"), name="Main menu", flow={"flowName": "Main"}),
        participant(
            "acd",
            segment("interact", 10, 22, queueId="q1", disconnectType="transfer"),
            name="Consult",
            metrics={"nOffered": 1, "tAcd": 12_000},
        ),
        participant(
            "agent",
            segment("alert", 15, 22, queueId="q1"),
            segment("interact", 22, 122, queueId="q1"),
            segment("hold", 122, 142, queueId="q1"),
            segment("interact", 142, 202, queueId="q1", disconnectType="peer"),
            segment("wrapup", 202, 232, queueId="q1", wrapUpCode="resolved-by-phone"),
            user="u1",
            metrics={
                "tAlert": 7_000,
                "tAnswered": 12_000,
                "tTalk": 160_000,
                "tHeld": 20_000,
                "tAcw": 30_000,
                "tHandle": 210_000,
            },
        ),
    ]


def caller(end: float | None, **more: Any) -> Json:
    """The customer's side, from the beginning."""
    return participant(
        "customer", segment("interact", 0, end, **more), ani="tel:+491715550199", dnis="tel:+492215550100", name="Cologne, DE"
    )
