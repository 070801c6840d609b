"""A client that a public generator makes from the served description sends events, and reads every answer that comes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.data_directory import Folder
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.openapi import document
from tests.http_server import BATCH, OWNER, STRUCTURED, running
from tests.ledger_samples import line

PACKAGE = "opsledger_events_client"
MODELS = f"{PACKAGE}.models"


def generate(folder: Path, source: list[str]) -> str:
    """Have the client made into a folder; what the generator said."""
    (folder / "config.yaml").write_text("post_hooks: []\n", encoding="utf-8")  # they only make it prettier
    command = [sys.executable, "-m", "openapi_python_client", "generate", *source, "--config", str(folder / "config.yaml")]
    made = subprocess.run(
        [*command, "--output-path", str(folder / "client")], capture_output=True, text=True, check=False, timeout=240
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout + made.stderr


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@dataclass(slots=True)
class Generated:
    """The client's modules, and a client that has a key."""

    folder: Path
    url: str
    client: Any

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{PACKAGE}.{name}")

    def post(self, body: Any, client: Any = None, **attributes: Any) -> tuple[int, Any]:
        """(status, what the generated code made of the answer) of an event."""
        told = self.module("api.default.post_events").sync_detailed(client=client or self.client, body=body, **attributes)
        return int(told.status_code), told.parsed

    def raw(self, content: bytes, media: str) -> tuple[int, Any]:
        """As ``post``, of a body that the generated code would not make."""
        answer = self.client.get_httpx_client().post("/events", content=content, headers={"Content-Type": media})
        told = self.module("api.default.post_events")._build_response(client=self.client, response=answer)
        return int(told.status_code), told.parsed

    def got(self, operation: str) -> tuple[int, Any]:
        told = self.module(f"api.default.{operation}").sync_detailed(client=self.client)
        return int(told.status_code), told.parsed

    def queued(self, key: UUID, queue: str = "q1") -> Any:
        models = self.module("models")
        return models.CallQueued(
            type_=models.CallQueuedType.CALL_QUEUED,
            specversion="1.0",
            id=key,
            source=OWNER.source,
            subject="c1",
            time=datetime(2026, 1, 5, 9, tzinfo=UTC),
            tenant=OWNER.tenant,
            data=models.CallQueuedData(queue=queue),
        )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    folder = tmp_path_factory.mktemp("generated")
    data = folder / "data"
    Folder(data).made()
    key = Keys(data / FILE, SystemClock()).add(OWNER)
    with running(data) as process:
        generate(folder, ["--url", f"{process.url}/openapi.json"])
        sys.path.insert(0, str(folder / "client"))
        try:
            made = importlib.import_module(PACKAGE)
            client = made.AuthenticatedClient(base_url=process.url, token=key, raise_on_unexpected_status=True)
            yield Generated(folder, process.url, client)
        finally:
            sys.path.remove(str(folder / "client"))
            forget()


def test_an_event_is_accepted_once_and_the_answers_are_read(generated: Generated) -> None:
    models, event = generated.module("models"), generated.queued(uuid4())
    status, first = generated.post(event)
    assert (status, type(first)) == (200, models.Accepted)
    assert (first.status.value, first.position.topic) == ("accepted", "call")
    status, again = generated.post(event)
    assert (status, again) == (200, models.Duplicate(status=models.DuplicateStatus.DUPLICATE))
    event.data.queue = "q2"
    status, other = generated.post(event)
    assert (status, type(other), other.reason.value) == (422, models.Dead, "conflict")
    assert isinstance(other.dead_letter, UUID)


def test_extensions_and_the_binary_mode_are_sent_by_generated_code(generated: Generated) -> None:
    models, event = generated.module("models"), generated.queued(uuid4())
    event.additional_properties["sampledrate"] = 5
    assert generated.post(event)[1].status.value == "accepted"
    assert generated.post(event)[1].status.value == "duplicate"
    body = models.PostEventsJsonBody.from_dict({"queue": "q1"})
    named = {"ce_type": models.PostEventsCeType.CALL_QUEUED, "ce_specversion": models.PostEventsCeSpecversion.VALUE_0}
    given = {"ce_source": OWNER.source, "ce_subject": "c1", "ce_tenant": OWNER.tenant, "ce_time": "2026-01-05T09:00:00Z"}
    status, told = generated.post(body, ce_id=str(uuid4()), **named, **given)
    assert (status, type(told)) == (200, models.Accepted)


def test_a_batch_is_told_end_by_end(generated: Generated) -> None:
    models = generated.module("models")
    body = b"[" + b",".join([line("a"), line("b", data={}), line("a")]) + b"]"
    status, told = generated.raw(body, BATCH)
    assert (status, type(told)) == (200, models.Batch)
    assert [type(each) for each in told.events] == [models.Accepted, models.Dead, models.Duplicate]
    assert (told.read, told.accepted, told.dead, told.duplicate) == (3, 1, 1, 1)
    status, told = generated.raw(b"[]", BATCH)
    assert (status, type(told), told.events) == (200, models.Batch, [])


def test_what_cannot_be_served_is_a_problem_with_words(generated: Generated) -> None:
    problem = generated.module("models").Problem
    for content, media, wanted in (
        (b"{", STRUCTURED, 400),
        (b"x", "text/plain", 415),
        (b" " * (Limits().body_bytes + 1), STRUCTURED, 413),
    ):
        status, told = generated.raw(content, media)
        assert (status, type(told), told.status) == (wanted, problem, wanted)
        assert told.detail
    stranger = generated.module("client").AuthenticatedClient(base_url=generated.url, token="olk_no")
    status, told = generated.post(generated.queued(uuid4()), stranger)
    assert (status, type(told)) == (401, problem)
    with_reason = generated.raw(b"{", STRUCTURED)[1]
    assert (with_reason.reason, type(with_reason.dead_letter)) == ("not_json", UUID)


def test_the_open_pages_are_read_by_name(generated: Generated) -> None:
    status, health = generated.got("get_health")
    assert (status, health.well, health.log.value) == (200, True, "taking")
    assert "opsledger_http_requests_total" in generated.got("get_metrics")[1]
    assert generated.got("get_page")[1].startswith("<!doctype html>")
    assert generated.got("get_description")[1].to_dict()["info"]["license"]["identifier"] == "Apache-2.0"
    headers = {f"x-{n}": "1" for n in range(101)}
    crowded = generated.client.with_headers(headers)
    told = generated.module("api.default.get_health").sync_detailed(client=crowded)
    assert (told.status_code, type(told.parsed).__name__) == (431, "Problem")


def test_the_generator_would_make_nothing_of_the_former_words(tmp_path: Path) -> None:
    """Negative control: a constant as a header costs the operation; ``items`` for a batch makes code that no event passes."""
    told = deepcopy(document("0", Limits()))
    post = told["paths"]["/events"]["post"]
    post["requestBody"]["content"][BATCH]["schema"] = {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "openapi.json").write_text(json.dumps(told), encoding="utf-8")
    generate(tmp_path / "one", ["--path", str(tmp_path / "one" / "openapi.json")])
    code = (tmp_path / "one" / "client" / PACKAGE / "api" / "default" / "post_events.py").read_text(encoding="utf-8")
    assert "isinstance(body, list[" in code
    with pytest.raises(TypeError):
        isinstance([], list[int])
    next(p for p in post["parameters"] if p["name"] == "ce-specversion")["schema"] = {"const": "1.0"}
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "openapi.json").write_text(json.dumps(told), encoding="utf-8")
    said = generate(tmp_path / "two", ["--path", str(tmp_path / "two" / "openapi.json")])
    assert "Endpoint will not be generated" in said
    assert not (tmp_path / "two" / "client" / PACKAGE / "api" / "default" / "post_events.py").exists()
