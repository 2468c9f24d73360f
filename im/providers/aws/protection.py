"""EC2's own lock against termination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from im.domain.scope import Scope
from im.providers.aws.api.clients import QUICK, Clients
from im.providers.aws.api.errors import translated
from im.providers.errors import ProviderError, Transient, Unauthenticated
from im.providers.machine import Machine


class TerminationProtection:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        """ModifyInstanceAttribute, one call for each: EC2 takes one machine at a time."""
        ec2, failed = self._clients.ec2(scope.region, QUICK), dict[str, ProviderError]()
        ids = [one.id for one in machines]
        for at, one in enumerate(ids):
            try:
                with translated(mutating=True):
                    ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": on})
            except (Transient, Unauthenticated) as exc:
                # it speaks of the cloud, not of this machine: the others would wait too
                return failed | dict.fromkeys(ids[at:], exc)
            except ProviderError as exc:
                failed[one] = exc
        return failed
