"""Who is let in at the gateway, by what, and what those are told who are not."""

from __future__ import annotations

import base64

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.logins import Logins
from opsledger.infra.gateway.roles import LOCAL, Role, User

ANNA = User("anna", Role.READER, tenant="acme")


class Known:
    """One user beside the local one."""

    def who(self, name: str, secret: str) -> User | None:
        """Anna, or nobody."""
        return ANNA if (name, secret) == ("anna", "hers") else None


def basic(text: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(text.encode()).decode()}


def headers(user: str, key: str) -> dict[str, str]:
    return {"HTTP_X_CLICKHOUSE_USER": user, "HTTP_X_CLICKHOUSE_KEY": key}


@pytest.mark.parametrize(
    ("given", "query", "user"),
    [
        (headers("default", "sesame"), "", LOCAL),
        ({"HTTP_X_CLICKHOUSE_KEY": "sesame"}, "", LOCAL),
        (basic("default:sesame"), "", LOCAL),
        ({}, "password=sesame", LOCAL),
        ({}, "user=default&password=sesame&query=SELECT+1", LOCAL),
        (headers("anna", "hers"), "", ANNA),
        (basic("anna:hers"), "user=default&password=sesame", ANNA),
        ({}, "user=anna&password=hers", ANNA),
    ],
)
def test_who_has_a_name_and_its_secret_is_let_in(given: dict[str, str], query: str, user: User) -> None:
    assert Logins("sesame", Known()).admitted(given, query) is user


@pytest.mark.parametrize(
    ("given", "query", "code"),
    [
        ({}, "", 194),
        (headers("default", ""), "", 194),
        ({}, "user=default", 194),
        (headers("default", "hers"), "", 516),
        (headers("anna", "sesame"), "", 516),
        (headers("anna", ""), "", 516),
        (headers("", "sesame"), "", 516),
        (headers("default", "sésame\udcff"), "", 516),
        (basic("anna"), "", 516),
        ({"HTTP_AUTHORIZATION": "Basic !!"}, "user=default&password=sesame", 516),
        (headers("anna", "x"), "user=default&password=sesame", 516),
        ({}, "&".join(["a=1"] * 6_000), 568),
    ],
)
def test_who_has_not_is_told_no_more_than_that(given: dict[str, str], query: str, code: int) -> None:
    with pytest.raises(ServerError) as told:
        Logins("sesame", Known()).admitted(given, query)
    assert told.value.code == code
    assert "sesame" not in str(told.value)


@pytest.mark.parametrize("secret", ["", "guess"])
def test_no_secret_lets_nobody_in(secret: str) -> None:
    with pytest.raises(ServerError):
        Logins("").admitted(headers("default", secret), "")


class Away:
    """Users in a file that cannot be read."""

    def who(self, name: str, secret: str) -> User | None:
        """Nobody knows."""
        raise UserError("the users in /data/gateway-users.sqlite cannot be used: disk I/O error")


def test_users_that_cannot_be_looked_up_are_told_to_come_again_and_local_commands_go_on() -> None:
    logins = Logins("sesame", Away())
    with pytest.raises(ServerError) as told:
        logins.admitted(headers("anna", "hers"), "")
    assert (told.value.status, "/data" in str(told.value)) == ("503 Service Unavailable", False)
    assert logins.admitted(headers("default", "sesame"), "") is LOCAL
