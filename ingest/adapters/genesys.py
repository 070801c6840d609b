"""Adapter of Genesys Cloud: conversation details as the analytics interface gives them, by page, one by one or as lines."""

from __future__ import annotations

from typing import Any

from opsledger.ingest.adapters.genesys_calls import ConversationTale
from opsledger.ingest.adapters.genesys_conversation import Conversation
from opsledger.ingest.adapters.record_book import RecordBook, RecordOptions
from opsledger.ingest.adapters.record_node import Node, RecordRefused
from opsledger.ingest.adapters.records import Records
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import OnChange, Reason

WRAPPERS = ("conversations", "entities")
"""Names of lists of conversations in a page of answers."""
KIND = "genesys.conversation"


def genesys(border: Border, options: RecordOptions) -> Records:
    """The adapter of ``--format genesys``."""
    return Records(border, options, read, WRAPPERS)


def read(book: RecordBook, record: dict[str, Any]) -> None:
    """Write down the events of one conversation. RecordRefused for what is none."""
    node = Node(record)
    if not node.has("conversationId"):
        raise RecordRefused(Reason.UNKNOWN_TYPE, "is no conversation of Genesys Cloud: it has no conversationId")
    conversation = Conversation(node)
    book.start(OnChange.CORRECT)
    ConversationTale(book, conversation).tell()
    node.place("conversationId", "conversationStart", "conversationEnd")
    book.keep(KIND, conversation.id, conversation.ended or conversation.latest, node.rest())
