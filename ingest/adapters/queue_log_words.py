"""The event words of Asterisk's queue_log and what each carries: the only place where they are listed.

Field lists after the documentation of Asterisk 1.4 to 22 (Queue Logs) and the queue_log table of Wazo for the
words that its dialplan adds. A field that a version does not write is simply not there, so only what every
version has must be present.
"""

from __future__ import annotations

from dataclasses import dataclass

NEEDS_CALL, NEEDS_QUEUE, NEEDS_AGENT = 1, 2, 4
ENTRY = NEEDS_CALL | NEEDS_QUEUE
SERVED = ENTRY | NEEDS_AGENT


@dataclass(frozen=True, slots=True)
class Form:
    """What a word needs: the named columns, the names of its data fields (``#`` = whole number), how many at least."""

    needs: int
    fields: tuple[str, ...] = ()
    least: int = 0

    @property
    def numbers(self) -> tuple[tuple[int, str], ...]:
        """(index, name) of the data fields that hold whole numbers."""
        return tuple((i, name[1:]) for i, name in enumerate(self.fields) if name.startswith("#"))


_POSITION = ("#position", "#origposition", "#waittime")
_TALKED = ("#holdtime", "#calltime", "#origposition")

FORMS: dict[str, Form] = {
    "ENTERQUEUE": Form(ENTRY, ("url", "callerid", "origposition", "calleridname")),
    "CONNECT": Form(SERVED, ("#holdtime", "channel", "#ringtime"), least=1),
    "COMPLETECALLER": Form(ENTRY, _TALKED, least=2),
    "COMPLETEAGENT": Form(ENTRY, _TALKED, least=2),
    "ABANDON": Form(ENTRY, _POSITION, least=1),
    "EXITWITHTIMEOUT": Form(ENTRY, _POSITION, least=1),
    "EXITWITHKEY": Form(ENTRY, ("key", *_POSITION), least=1),
    "EXITEMPTY": Form(ENTRY, _POSITION),
    "WITHDRAW": Form(ENTRY, (*_POSITION, "info"), least=1),
    "RINGNOANSWER": Form(SERVED, ("#ringtime",), least=1),
    "RINGCANCELED": Form(SERVED, ("#ringtime",)),
    "BLINDTRANSFER": Form(ENTRY, ("extension", "context", *_TALKED), least=1),
    "ATTENDEDTRANSFER": Form(ENTRY, ("method", "to"), least=2),
    "TRANSFER": Form(ENTRY, ("extension", "context", *_TALKED), least=1),
    "AGENTDUMP": Form(SERVED),
    "SYSCOMPAT": Form(ENTRY),
    "ADDMEMBER": Form(NEEDS_AGENT, ("paused",)),
    "REMOVEMEMBER": Form(NEEDS_AGENT),
    "PAUSE": Form(NEEDS_AGENT, ("reason",)),
    "UNPAUSE": Form(NEEDS_AGENT, ("reason",)),
    "PAUSEALL": Form(NEEDS_AGENT, ("reason",)),
    "UNPAUSEALL": Form(NEEDS_AGENT, ("reason",)),
    "AGENTLOGIN": Form(NEEDS_AGENT, ("channel",)),
    "AGENTLOGOFF": Form(NEEDS_AGENT, ("channel", "#logintime")),
    "AGENTCALLBACKLOGIN": Form(NEEDS_AGENT, ("extension",)),
    "AGENTCALLBACKLOGOFF": Form(NEEDS_AGENT, ("extension", "#logintime", "reason")),
    "PENALTY": Form(NEEDS_AGENT, ("#penalty",), least=1),
    "RINGINUSE": Form(NEEDS_AGENT, ("ringinuse",), least=1),
    "OUTCALL": Form(NEEDS_CALL, ("number",)),
    "DID": Form(NEEDS_CALL, ("number",), least=1),
    "CONFIGRELOAD": Form(0),
    "QUEUESTART": Form(0),
    "FULL": Form(ENTRY),
    "CLOSED": Form(ENTRY),
    "JOINEMPTY": Form(ENTRY),
    "LEAVEEMPTY": Form(ENTRY),
    "DIVERT_CA_RATIO": Form(ENTRY),
    "DIVERT_HOLDTIME": Form(ENTRY),
    "WRAPUPSTART": Form(NEEDS_CALL | NEEDS_AGENT, ("#seconds",)),
}

METHODS: dict[str, int] = {"BRIDGE": 2, "APP": 2, "LINK": 3}
"""Form of an attended transfer → how many data fields stand before its times (LINK names two channels)."""
