"""One machine, as the API told of it last."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.client import reach
from im.domain.errors import WaitTimedOut, error_for
from im.views.times import read_moment

if TYPE_CHECKING:
    from im.client.client import Client


class Machine:
    """`document` is the API's own, as `im status --json` prints it."""

    def __init__(self, client: Client, document: dict[str, Any]) -> None:
        self._client = client
        self.document = document

    def __repr__(self) -> str:
        return f"<Machine {self.name} {self.status}>"

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def status(self) -> str:
        return str(self.document["status"])

    @property
    def address(self) -> str | None:
        """Where SSH answers; None where its cloud has another way in, or it does not run."""
        told = self.document
        address: str | None = told.get("ssh_host") or told["public_ip"] or told["private_ip"]
        return address

    @property
    def port(self) -> int:
        return int(self.document.get("ssh_port") or 22)

    @property
    def user(self) -> str | None:
        user: str | None = self.document["ssh_user"]
        return user

    @property
    def expires_at(self) -> datetime:
        """Its deadline, in UTC."""
        return read_moment(self.document["expires_at"])

    # ---- looking -----------------------------------------------------------------------------------------------------

    def refresh(self) -> Machine:
        self.document = self._client.get("/instances", {"id": [self.id]})["items"][0]
        return self

    def wait(self, within: timedelta = timedelta(minutes=15)) -> Machine:
        """Until what was asked of it is done. Raises WaitTimedOut, and the error by which it ended."""
        until = time.monotonic() + within.total_seconds()
        asked = {"generation": self.document["generation"], "desired": self.document["desired"]}
        while True:
            span = max(0, min(self._client.longest, int(until - time.monotonic())))
            told = self._client.get(f"/instances/{self.id}/wait", {**asked, "timeout": str(span)}, patience=span)
            self.document = told["instance"]
            if told["settled"] and told["error"]:
                raise error_for(self.document["error_code"])(told["error"], f"im why {self.name}")
            if told["settled"]:
                return self
            if time.monotonic() >= until:
                raise WaitTimedOut(f"{self.name} is {self.status} still", f"im why {self.name}  says more")
            self._client.pause(0.3)

    def reach(self, within: timedelta = timedelta(minutes=15)) -> Machine:
        """Until its SSH port answers. In the sandbox, and where a cloud has another way in, there is none to ask."""
        until = time.monotonic() + within.total_seconds()
        while self.address is not None and not self.document["sandbox"] and not reach.answers(self.address, self.port):
            if time.monotonic() >= until:
                raise WaitTimedOut(
                    f"{self.name} runs, and nothing answers at {self.address} port {self.port}",
                    "does ssh_from let you in? reach=False  does not wait for that",
                )
            self._client.pause(1.0)
        return self

    # ---- changing ----------------------------------------------------------------------------------------------------

    def extend(self, by: str | timedelta, *, start: bool = True) -> Machine:
        """Move its deadline; a stopped one wakes unless `start` is false. `usd_added` in `document` is what that costs more."""
        return self._change("extend", extend=_moved(by, start=start))

    def rehearse_extend(self, by: str | timedelta, *, start: bool = True) -> dict[str, Any]:
        """What `extend` would come to, and nothing is changed: `expires_at`, `usd_added`, `usd_to_deadline`.

        USD as plain digits; None where a price is not known.
        """
        form = {"verb": "extend", "ids": [self.id], "extend": _moved(by, start=start)}
        told: dict[str, Any] = self._client.rehearse("/instances:batch", form)["items"][0]
        return told

    def stop(self) -> Machine:
        return self._change("stop")

    def start(self, for_: str | None = None) -> Machine:
        """`for_`: a new deadline, where the old one has passed."""
        return self._change("start", start={"duration": for_} if for_ else {})

    def terminate(self) -> Machine:
        return self._change("terminate")

    def _change(self, verb: str, **form: object) -> Machine:
        told = self._client.post("/instances:batch", {"verb": verb, "ids": [self.id], **form})
        self.document = told["items"][0]
        return self

    def ssh(self, *words: str, **how: Any) -> subprocess.CompletedProcess[Any]:
        """`im ssh NAME -- WORDS`, by whatever way its cloud has; `how` is `subprocess.run`'s, such as check and capture_output."""
        line = [sys.executable, "-P", "-m", "im.cli.main", "ssh", self.id, "--", *words]
        return subprocess.run(line, env=self._client.environment, **how)


def _moved(by: str | timedelta, *, start: bool) -> dict[str, Any]:
    duration = by if isinstance(by, str) else f"{int(by.total_seconds())}s"
    return {"duration": duration, "start": start}
