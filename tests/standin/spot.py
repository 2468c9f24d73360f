"""Spot: the request behind each spot machine, and what becomes of both when people or AWS act.

Source: EC2 user guide, "Spot Instances". Modelled: a one-time request closes with its machine; a persistent one follows a stop
(`disabled`) and, unless cancelled, launches another machine, without tags, when its own is terminated by people, running or
stopped. Whose request is cancelled runs on and cannot be stopped; what is stopped ends with its request. An interruption stops
or terminates as asked for, and only AWS starts again what it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standin import lifecycle
from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.machine import Machine

if TYPE_CHECKING:
    from tests.standin.region import Region

TERMINATED = ("Server.SpotInstanceTermination", "Server.SpotInstanceTermination: Spot instance termination")
STOPPED = ("Server.SpotInstanceShutdown", "Server.SpotInstanceShutdown: Spot instance shutdown")
BY_AWS = "Server initiated"

Request = dict[str, Any]


class Spot:
    """The spot requests of one account and region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.requests: dict[str, Request] = {}
        self.prices: dict[tuple[str, str], dict[float, Decimal]] = {}
        """(zone, type) → moment → USD per hour from then on: what came after the usual 35 % of the list price."""

    def check(self, asked: Mapping[str, Any], usual: Decimal) -> None:
        """Raises for options that EC2 refuses."""
        options = (asked.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
        most = options.get("MaxPrice")
        if most and Decimal(most) < usual:
            raise AwsError(
                "SpotMaxPriceTooLow",
                f"Your Spot request price of {most} is lower than the minimum required Spot request fulfillment price of {usual}.",
            )
        behaviour = options.get("InstanceInterruptionBehavior", "terminate")
        if behaviour != "terminate" and options.get("SpotInstanceType", "one-time") != "persistent":
            raise AwsError(
                "InvalidParameterCombination", f"{behaviour} on interruption needs a persistent Spot Instance request."
            )
        if asked.get("DisableApiTermination"):
            raise AwsError("InvalidParameterCombination", "Termination protection is not supported for Spot Instances.")

    def open(self, machine: Machine, asked: Mapping[str, Any], tags: dict[str, str]) -> None:
        """The request that a launch on the spot market makes, fulfilled by its machine."""
        options = (asked.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
        kind, now = options.get("SpotInstanceType", "one-time"), self._region.cloud.now
        request: Request = {
            "SpotInstanceRequestId": f"sir-{self._region.new_hex()[:8]}",
            "Type": kind,
            "SpotPrice": options.get("MaxPrice", ""),
            "InstanceInterruptionBehavior": options.get("InstanceInterruptionBehavior", "terminate"),
            "CreateTime": iso(now),
            "tags": tags,
        }
        self.requests[request["SpotInstanceRequestId"]] = request
        self._fulfil(request, machine)

    def cancel(self, request: Request) -> None:
        """A machine that runs stays as it is; one that is stopped is terminated with its request."""
        kept = request["State"] in ("active", "disabled")
        self._set(
            request, "cancelled", "request-canceled-and-instance-running" if kept else "canceled-before-fulfillment"
        )

        machine = self._region.machines.get(request.get("InstanceId", ""))
        if machine is not None and machine.state == "stopped":
            lifecycle.terminate(self._region, machine, who=BY_AWS)

    def moved(self, machine: Machine, verb: str, by_aws: bool) -> None:
        """A spot machine began to start, stop or end."""
        request = self.requests.get(machine.spot_request or "")
        if request is None or request["State"] == "cancelled":
            return
        if verb == "start":
            self._set(request, "active", "fulfilled")
        elif verb == "stop":
            self._set(request, "disabled", f"instance-stopped-{'no-capacity' if by_aws else 'by-user'}")
        elif request["Type"] == "persistent":  # running or stopped, it makes no difference
            self._set(request, "open", f"instance-terminated-{'no-capacity' if by_aws else 'by-user'}")
            if not by_aws:
                self._replace(request, machine)
        else:
            self._set(request, "closed", f"instance-terminated-{'no-capacity' if by_aws else 'by-user'}")

    def check_stop(self, machine: Machine) -> None:
        """Raises for a machine whose request is no more."""
        request = self.requests.get(machine.spot_request or "")
        if request is not None and request["State"] == "cancelled":
            raise AwsError(
                "UnsupportedOperation",
                f"You can't stop the Spot Instance '{machine.id}' because the associated Spot Instance request is cancelled.",
            )

    def check_start(self, machine: Machine) -> None:
        """Raises for a machine that AWS stopped, or whose request is no more."""
        request = self.requests.get(machine.spot_request or "")
        if request is not None and request["Code"] != "instance-stopped-by-user":
            raise AwsError(
                "IncorrectSpotRequestState",
                f"You can't start the Spot Instance '{machine.id}' because the associated Spot Instance request is not in an "
                "appropriate state to support start.",
            )

    def interrupt(self, machine: Machine, notice: float) -> None:
        """AWS wants it back: marked at once, taken after `notice` seconds."""
        request = self.requests[machine.spot_request or ""]
        stops = request["InstanceInterruptionBehavior"] == "stop"
        self._set(request, "active", f"marked-for-{'stop' if stops else 'termination'}")

        def take() -> None:
            if machine.state == "running" and stops:
                lifecycle.stop(self._region, machine, STOPPED, BY_AWS)
            elif machine.state in ("pending", "running"):
                lifecycle.terminate(self._region, machine, TERMINATED, BY_AWS)

        self._region.cloud.timeline.after(notice, take)

    def resume(self, machine: Machine) -> None:
        """AWS has room again: what it stopped starts."""
        if machine.state == "stopped":
            lifecycle.start(self._region, machine)

    def _replace(self, request: Request, machine: Machine) -> None:
        other = self._region.make(machine.facts, {}, {})
        other.reservation = f"r-{self._region.new_hex()}"
        self._fulfil(request, other)
        lifecycle.launch(self._region, other)

    def _fulfil(self, request: Request, machine: Machine) -> None:
        machine.spot_request = request["SpotInstanceRequestId"]
        request |= {"InstanceId": machine.id, "zone": machine.facts.zone, "facts": machine.facts}
        self._set(request, "active", "fulfilled")

    def _set(self, request: Request, state: str, code: str) -> None:
        request |= {"State": state, "Code": code, "UpdateTime": iso(self._region.cloud.now)}
