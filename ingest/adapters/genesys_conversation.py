"""A conversation of Genesys Cloud as participants, sessions and segments, in the order in which they began."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsledger.ingest.adapters.record_node import Node, RecordRefused
from opsledger.ingest.chunk import Reason

PEOPLE = frozenset({"agent", "user"})
MACHINES = frozenset({"ivr", "botflow", "workflow"})
CHANNELS = {"voice": "phone", "callback": "phone", "email": "email"}
_WRITTEN = frozenset({"chat", "message", "webchat", "sms", "cobrowse", "internalmessage", "socialexpression"})


@dataclass(frozen=True, slots=True)
class Segment:
    """Times in microseconds since 1970; ``end`` is None while it lasts."""

    node: Node
    kind: str
    start: int
    end: int | None
    queue: str
    disconnect: str


@dataclass(slots=True)
class Session:
    """One leg of a participant: ``who`` is its user id, else its name, else its participant id."""

    node: Node
    purpose: str
    who: str
    participant: Node
    index: int
    id: str
    segments: list[Segment] = field(default_factory=list)

    @property
    def start(self) -> int:
        """When its first segment began."""
        return self.segments[0].start

    @property
    def end(self) -> int | None:
        """When its last segment ended; None while it lasts."""
        return self.segments[-1].end

    @property
    def media(self) -> str:
        """Genesys's word for the channel."""
        return self.node.text("mediaType").lower()

    @property
    def disconnect(self) -> str:
        """How it ended: the last disconnectType of its segments, without the work after it."""
        return next((s.disconnect for s in reversed(self.segments) if s.disconnect and s.kind != "wrapup"), "")

    @property
    def queue(self) -> str:
        """The first queue that its segments name."""
        return next((segment.queue for segment in self.segments if segment.queue), "")

    def of_kind(self, *kinds: str) -> list[Segment]:
        """Its segments of some kinds."""
        return [segment for segment in self.segments if segment.kind in kinds]

    def metric(self, *names: str) -> int | None:
        """The value of the first metric of some names, in its own unit (milliseconds for those that begin with t)."""
        wanted = {name.lower() for name in names}
        for metric in self.node.children("metrics"):
            if metric.text("name").lower() in wanted:
                return metric.whole("value")
        return None


class Conversation:
    """Reads a conversation. RecordRefused for a value of the wrong kind, or where no time says when it was."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.id = node.needed("conversationId")
        self.started, self.ended = node.moment("conversationStart"), node.moment("conversationEnd")
        self.sessions = sorted(_sessions(node), key=lambda session: (session.start, session.index))
        times = [t for s in self.sessions for segment in s.segments for t in (segment.start, segment.end) if t is not None]
        times += [t for t in (self.started, self.ended) if t is not None]
        if not times:
            raise RecordRefused(Reason.INVALID, "conversationStart: is missing, and so is every other time")
        self.earliest, self.latest = min(times), max(times)

    def of(self, *purposes: str) -> list[Session]:
        """The sessions of participants of some purposes."""
        return [session for session in self.sessions if session.purpose in purposes]

    @property
    def customer(self) -> Session | None:
        """The customer's first session; an outside party stands in where nobody is called customer."""
        return next(iter(self.of("customer")), next(iter(self.of("external")), None))

    @property
    def channel(self) -> str:
        """Our channel."""
        media = next((session.media for session in self.sessions if session.media), "")
        return CHANNELS.get(media, "chat" if media in _WRITTEN else "web")

    @property
    def direction(self) -> str:
        """``inbound`` or ``outbound``."""
        given = self.node.text("originatingDirection") or next((s.node.text("direction") for s in self.sessions), "")
        return "outbound" if given.lower() == "outbound" else "inbound"


def _sessions(node: Node) -> list[Session]:
    found: list[Session] = []
    for participant in node.children("participants"):
        who = participant.text("userId") or participant.text("participantName") or participant.text("participantId")
        for session in participant.children("sessions"):
            segments = sorted(
                (_segment(segment) for segment in session.children("segments")), key=lambda s: (s.start, s.end or 2**63)
            )
            if segments:
                place = len(found)
                purpose = participant.text("purpose").lower()
                id_ = session.text("sessionId") or f"{participant.text('participantId')}/{place}"
                found.append(Session(session, purpose, who or "unknown", participant, place, id_, segments))
    return found


def _segment(node: Node) -> Segment:
    start = node.moment("segmentStart")
    if start is None:
        raise RecordRefused(Reason.INVALID, f"{node.path}segmentStart: is missing")
    kind = node.text("segmentType").lower()
    return Segment(node, kind, start, node.moment("segmentEnd"), node.text("queueId"), node.text("disconnectType").lower())
