"""A test's hands on a stand-in, whether it runs in a thread or as a process: one method per control verb."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http.client import HTTPConnection, RemoteDisconnected
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from tests.standin.ledger import Change


class Wrong(Exception):
    """The stand-in could not do what it was asked, or broke; its words."""


class Control:
    """May be used by several threads. Every verb of `control` is here under its own name, with its own arguments."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._connection = HTTPConnection(split.hostname or "127.0.0.1", split.port, timeout=60)
        self._lock = Lock()

    def close(self) -> None:
        self._connection.close()

    def ask(self, verb: str, **given: Any) -> Any:
        """One control request. Raises Wrong with the stand-in's reason."""
        body = json.dumps(given).encode()
        with self._lock:
            try:
                status, answered = self._send(verb, body)
            except (RemoteDisconnected, ConnectionError):  # keep-alive ended while nobody spoke
                self._connection.close()
                status, answered = self._send(verb, body)
        read = json.loads(answered)
        if status != 200:
            raise Wrong(read.get("wrong") or f"{read['broken']}\n{read['where']}")
        return read

    def _send(self, verb: str, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", f"/_standin/{verb}", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    # ---- time and settings -------------------------------------------------------------------------------------------

    def now(self) -> float:
        return float(self.ask("clock")["now"])

    def step(self, seconds: float) -> float:
        return float(self.ask("step", seconds=seconds))

    def configure(self, **given: Any) -> None:
        """`delays={launch, start, stop, terminate, visible, forget}`, `throttle`, `skew`, `accounts={key id: account}`."""
        self.ask("configure", **given)

    def reset(self) -> None:
        self.ask("reset")

    # ---- what goes wrong ---------------------------------------------------------------------------------------------

    def fault(self, **fields: Any) -> int:
        """Any fault at all; see faults.Fault. The methods below are the usual ones."""
        return int(self.ask("fault", **fields))

    def refuse(self, action: str, code: str, *, times: int | None = 1, **more: Any) -> int:
        """An error instead of the effect; `times=None` until cleared, or for `duration` seconds, with probability `p`."""
        return self.fault(action=action, effect="none", reply="error", code=code, times=times, **more)

    def lose_request(self, action: str, *, times: int | None = 1, **more: Any) -> int:
        """Nothing is done, and no byte is answered."""
        return self.fault(action=action, effect="none", reply="lost", times=times, **more)

    def lose_reply(self, action: str, *, times: int | None = 1, **more: Any) -> int:
        """It is done, and no byte is answered."""
        return self.fault(action=action, effect="now", reply="lost", times=times, **more)

    def act_late(self, action: str, late_by: float, *, times: int | None = 1, **more: Any) -> int:
        """No byte is answered, and it is done `late_by` seconds later by the stand-in's clock."""
        return self.fault(action=action, effect="late", late_by=late_by, times=times, **{"reply": "lost", **more})

    def truncate(self, action: str, keep: float = 0.5, *, times: int | None = 1, **more: Any) -> int:
        """It is done, and the answer breaks off after this part of its body."""
        return self.fault(action=action, reply="truncated", keep=keep, times=times, **more)

    def slow(self, action: str, delay: float, *, times: int | None = 1, **more: Any) -> int:
        """It is done at once; the answer leaves after `delay` real seconds."""
        return self.fault(action=action, delay=delay, times=times, **more)

    def deny(self, action: str = "*", code: str = "UnauthorizedOperation") -> int:
        """Credentials that may not do this, until the fault is cleared."""
        return self.refuse(action, code, times=None)

    def faults(self) -> list[dict[str, Any]]:
        """Those that are still to strike."""
        found: list[dict[str, Any]] = self.ask("faults")
        return found

    def clear_faults(self, number: int | None = None) -> None:
        self.ask("clear_faults", number=number)

    def capacity(self, zone: str, most: int | None, **more: Any) -> None:
        self.ask("capacity", zone=zone, most=most, **more)

    def limits(self, **given: Any) -> None:
        self.ask("limits", **given)

    def doom(self, code: str, message: str = "", **more: Any) -> None:
        self.ask("doom", code=code, message=message, **more)

    def fall_back(self, *ids: str, code: str, **more: Any) -> None:
        """The next starts of these are accepted, and come to nothing."""
        self.ask("fall_back", ids=ids, code=code, **more)

    def price(self, name: str, usd: str, region: str = "us-east-1") -> None:
        self.ask("price", name=name, usd=usd, region=region)

    def spot_price(self, zone: str, instance_type: str, usd: str) -> None:
        self.ask("spot_price", zone=zone, instance_type=instance_type, usd=usd)

    def interrupt(self, *ids: str, notice: float = 120) -> None:
        """AWS takes these spot machines back."""
        self.ask("interrupt", ids=ids, notice=notice)

    def resume_spot(self, *ids: str) -> None:
        self.ask("resume_spot", ids=ids)

    def profiles(self, known: dict[str, float] | None) -> None:
        """The only instance profiles there are, each known to EC2 so many seconds from now."""
        self.ask("profiles", known=known)

    def private_subnet(self, zone: str, private: bool = True) -> None:
        self.ask("private_subnet", zone=zone, private=private)

    def unsell(self, zone: str, instance_type: str) -> None:
        self.ask("unsell", zone=zone, instance_type=instance_type)

    def demand_tags(self, *keys: str, **more: Any) -> None:
        self.ask("demand_tags", keys=keys, **more)

    def schedule_limit(self, most: int | None) -> None:
        self.ask("schedule_limit", most=most)

    def close_region(self, region: str, *, closed: bool = True) -> None:
        """The account has not enabled it."""
        self.ask("close_region", region=region, closed=closed)

    def role(self, arn: str, **given: Any) -> None:
        """`trust` and `rights`: statements."""
        self.ask("role", arn=arn, **given)

    # ---- outside hands -----------------------------------------------------------------------------------------------

    def outside(self, does: str, *ids: str, **more: Any) -> None:
        """start, stop, terminate, vanish, shutdown (by the guest) or retire (by AWS)."""
        self.ask("outside", does=does, ids=ids, **more)

    def protect(self, *ids: str, **given: bool) -> None:
        """`terminate=True`, `stop=True`, or False to lift it."""
        self.ask("protect", ids=ids, **given)

    def create(self, count: int = 1, **given: Any) -> list[str]:
        """Machines that nobody launched; see seeding.create."""
        made: list[str] = self.ask("create", count=count, **given)
        return made

    # ---- what is and what was ----------------------------------------------------------------------------------------

    def machines(self, **given: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("machines", **given)
        return found

    def calls(self, *actions: str, since: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("calls", since=since, actions=actions)
        return found

    def changes(self, *ids: str, since: int = 0) -> list[Change]:
        return [Change(*one) for one in self.ask("changes", since=since, ids=ids)]

    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("counts")
        return found


__all__: Sequence[str] = ("Change", "Control", "Wrong")
