"""Opens a ledger by its manifest: what is less than it says is refused, or accepted on record; what is more is noted.

In this order, so that whoever is killed leaves a manifest that is behind the ledger, never ahead of it: rows are stored and
synced by the engine; then the manifest. What was accepted is put on record before the manifest says so.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.actor import Actor, actor_of
from opsledger.infra.manifest_file import UnreadableError
from opsledger.infra.manifest_home import BY_TABLE, MADE, ManifestHome, TableHome, manifest_history
from opsledger.projections.ledger.engine_errors import is_damage, of_damage, told_to_user
from opsledger.projections.ledger.manifest import (
    ANYWAY,
    RESTORE,
    Damage,
    LedgerFinding,
    LedgerFound,
    Manifest,
    compare,
    followed,
    gone,
    refusal,
    uncounted,
)
from opsledger.projections.ledger.manifest_keeper import ManifestKeeper
from opsledger.projections.ledger.manifest_look import LedgerLook

_ACCEPTED = "loss accepted"
_DENIED = 497
"""Who may not see the table of the manifest, reads what the server lets them."""
_HISTORY = ("at", "what", "account", "host", "detail")


class OnLoss(StrEnum):
    """What to do with a ledger that holds less than its manifest says."""

    REFUSE = "refuse"
    ACCEPT = "accept"
    """Go on, on record; from then on the manifest says what is there."""
    TELL = "tell"
    """Open it to be looked at; nothing may be written, and nothing is noted."""


class ManifestGuard:
    """The opening of one ledger, in two steps: ``check`` before anything is written, ``keeper`` when the tables are there.

    ``shown``: how the user is told where it is. ``engine``: the engine's folder, where this process has it. ``made``: whether
    the ledger has had all its tables, so that one that is not there is gone.
    """

    def __init__(
        self,
        client: Client,
        home: ManifestHome,
        clock: Clock,
        shown: str,
        engine: Path | None = None,
        *,
        made: bool = False,
    ) -> None:
        self._made = made
        self._client, self._home, self._clock, self._shown = client, home, clock, shown
        self._look = LedgerLook(client, engine)
        self._said: Manifest | None = None
        self._found = LedgerFound()
        self._accepted = ""
        self.findings: list[LedgerFinding] = []

    def check(self, on_loss: OnLoss, *, makes: bool = True) -> None:
        """Compare. UserError where the ledger holds less than its manifest says, unless that is accepted, or to be told.

        ``makes``: whether this process makes a manifest where there is none, and counts the ledger for it.
        """
        try:
            self._said = self._home.load(self._look)
        except UnreadableError as error:
            self.findings.append(_unreadable(str(error)))
        except ClickHouseError as error:
            if makes or getattr(error, "code", None) != _DENIED:
                raise
        if self._said is None and not self.findings and not makes:
            return
        counted = self._compared()
        if self._made and on_loss is not OnLoss.REFUSE:
            missed = {each.stream for each in self.findings}
            self.findings += [gone(table) for table in self._look.gone() if table not in missed]
        against = refusal(self.findings)
        if against and (behind := self._look.replicas_behind()):
            raise UserError(
                f"{self._shown} has not copied all of {', '.join(behind)} from its replicas yet; wait", EXIT_ENVIRONMENT
            )
        if not against or on_loss is OnLoss.TELL:
            return
        if on_loss is not OnLoss.ACCEPT or not counted:
            told = f"the ledger {self._shown} is not whole; nothing is written to it or reported of it:\n  {against}"
            raise UserError(told, EXIT_ENVIRONMENT)
        self._accepted = against

    def _compared(self) -> bool:
        """Whether the ledger could be compared with what is said of it; damaged rows cannot be counted."""
        try:
            self._found = self._look.found(self._said)
        except ClickHouseError as error:
            if not is_damage(error):
                raise
            self.findings.append(uncounted(of_damage(self._client, error)))
            return False
        self.findings += compare(self._said, self._found)
        return True

    def keeper(self) -> ManifestKeeper:
        """What notes from now on what is stored; the manifest says what is there, once it is on record what was accepted."""
        now = followed(self._said, self._found)
        if self._accepted:
            self._record(_ACCEPTED, self._accepted)
            self._home.replace(now)
            _say(f"accepted, on record: {self._shown} goes on without\n  {self._accepted}")
        elif self._said is None or now.aside != self._said.aside:
            self._home.replace(now)
        elif now != self._said:
            self._home.save(now, set(now.places))
        for finding in self.findings:
            if finding.damage is Damage.ASIDE and not finding.refuses:
                _say(f"{self._shown}: {finding}")
        if self._said is None and not self._accepted:
            self._record(MADE, f"{BY_TABLE if isinstance(self._home, TableHome) else 'file'}: {_total(now)}")
            if any(extent.rows for extent in now.places.values()):
                _say(f"{self._shown} had no manifest of what it holds; it has one now: {_total(now)}")
        return ManifestKeeper(self._client, now, self._home.save)

    def watched(self) -> ManifestKeeper:
        """For who writes nothing."""
        return ManifestKeeper(self._client, self._said)

    def _record(self, what: str, detail: str) -> None:
        by: Actor = actor_of()
        row = [self._clock.now(), what, by.account, by.host, detail]
        self._client.insert("manifest_history", [row], column_names=_HISTORY)


def follow(keeper: ManifestKeeper) -> None:
    """Have the manifest of a data directory know what others have stored by way of this process: a gateway's clients."""
    for stream in STREAMS:
        keeper.unsure(stream)
    with told_to_user("noting in the manifest what is stored"):
        keeper.write()


def accepted_losses(client: Client) -> list[str]:
    """What was accepted, when, by whom, oldest first; none where the tables are older than manifests."""
    if not client.command("EXISTS TABLE manifest_history"):
        return []
    return [
        f"{at:%Y-%m-%d %H:%M:%S} UTC, {who}@{host}: {detail}"
        for at, what, who, host, detail in manifest_history(client)
        if what == _ACCEPTED
    ]


def _unreadable(why: str) -> LedgerFinding:
    todo = f"{RESTORE}, {ANYWAY}"
    return LedgerFinding(Damage.UNREADABLE, "", 0, f"the manifest {why}", "what the ledger has to hold is not known", todo)


def _total(manifest: Manifest) -> str:
    rows, streams = sum(each.rows for each in manifest.places.values()), len({topic for topic, _ in manifest.places})
    return f"{rows:,} rows in {len(manifest.places)} partitions of {streams} streams"


def _say(text: str) -> None:
    print(f"opsledger: {text}", file=sys.stderr, flush=True)
