"""Sessions without an engine: which end for want of room, which stay, and who has to wait."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from opsledger.infra.gateway import sessions
from opsledger.infra.gateway.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, TOO_MANY_SIMULTANEOUS_QUERIES, ServerError
from opsledger.infra.gateway.sessions import MAX_TIMEOUT_S, Sessions


class Handle:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Engine:
    def handle(self) -> Handle:
        return Handle()


class Scene:
    """Sessions with room for three, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sessions = Sessions(Engine(), lambda: self.now)  # type: ignore[arg-type]  # all that they ask of an engine

    def use(self, name: str, timeout_s: float = 60.0) -> Handle:
        """One request."""
        with self.sessions.hold(name, timeout_s, check=False) as handle:
            self.now += 1
            return handle  # type: ignore[return-value]

    def is_there(self, name: str) -> bool:
        try:
            with self.sessions.hold(name, 60.0, check=True):
                return True
        except ServerError as error:
            if error.code != SESSION_NOT_FOUND:
                raise
            return False


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    return Scene()


def test_the_longest_idle_makes_room(scene: Scene) -> None:
    handles = {name: scene.use(name) for name in "abc"}
    scene.use("a")
    scene.use("d")
    assert [name for name, handle in handles.items() if handle.closed] == ["b"]
    assert [scene.is_there(name) for name in "abcd"] == [True, False, True, True]


def test_while_there_is_room_nobody_goes(scene: Scene) -> None:
    handles = [scene.use(name) for name in "abcabc"]
    assert not any(handle.closed for handle in handles)
    assert handles[0] is handles[3]


def test_one_that_is_at_work_does_not_go_however_long(scene: Scene) -> None:
    with scene.sessions.hold("works", 1.0, check=False) as handle:
        for name in "abcdefg":
            scene.use(name)
            scene.now += 1_000
        assert not handle.closed  # type: ignore[attr-defined]
    assert scene.is_there("works")


def test_if_all_are_at_work_there_is_no_room(scene: Scene) -> None:
    with ExitStack() as stack:
        for name in "abc":
            stack.enter_context(scene.sessions.hold(name, 60.0, check=False))
        with pytest.raises(ServerError) as refused:
            scene.use("d")
        assert refused.value.code == TOO_MANY_SIMULTANEOUS_QUERIES
    scene.use("d")


def test_one_request_at_a_time(scene: Scene) -> None:
    with scene.sessions.hold("a", 60.0, check=False):
        with pytest.raises(ServerError) as refused:
            scene.use("a")
        assert refused.value.code == SESSION_IS_LOCKED
    scene.use("a")


def test_a_session_ends_when_its_time_is_over_and_not_sooner(scene: Scene) -> None:
    handle = scene.use("a", 10.0)
    scene.now += 10
    assert scene.use("a", 10.0) is handle
    scene.now += 11
    assert scene.use("a") is not handle
    assert handle.closed


def test_no_session_is_kept_longer_than_the_longest(scene: Scene) -> None:
    handle = scene.use("a", 1e9)
    scene.now += MAX_TIMEOUT_S
    assert scene.use("a", 1e9) is handle
    scene.now += MAX_TIMEOUT_S + 1
    assert not scene.is_there("a")


def test_a_failure_lets_the_session_go(scene: Scene) -> None:
    with pytest.raises(ZeroDivisionError), scene.sessions.hold("a", 60.0, check=False):
        raise ZeroDivisionError
    assert scene.is_there("a")


def test_at_the_end_all_that_are_idle_are_closed(scene: Scene) -> None:
    idle = scene.use("a")
    with scene.sessions.hold("b", 60.0, check=False) as works:
        scene.sessions.close()
        assert (idle.closed, works.closed) == (True, False)  # type: ignore[attr-defined]
