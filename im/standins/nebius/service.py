"""Who may call Nebius' stand-in, how often, and once for each idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from im.standins.grpc_service import Asked, GrpcService
from im.standins.nebius import accounts, disks, instances, network, sales
from im.standins.nebius.errors import forbidden
from im.standins.nebius.shapes import shown_operation
from im.standins.nebius.tenant import Operation, Tenant

KEY = "x-idempotency-key"


class Nebius(GrpcService):
    """`takes`: how long a machine takes to start, to stop and to go."""

    def register(self) -> None:
        self.public_keys: dict[str, tuple[str, str]] = {}
        """Id of a public key → (PEM of it, account) of service accounts that may change signed tokens for ours."""
        self._changing: set[str] = set()
        for part in (accounts, disks, instances, network, sales):
            part.register(self)

    def tenant(self, account: str) -> Tenant:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Tenant(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def reads(self, name: str, takes: Any, call: Callable[[Tenant, Any], Any]) -> None:
        self.rpc(f"/nebius.{name}", takes, lambda asked: call(self.tenant(asked.account), asked.message))

    def changes(self, name: str, takes: Any, call: Callable[[Tenant, Any], Operation]) -> None:
        """A key that was used before is answered with the operation that it was used for."""

        def once(asked: Asked) -> Any:
            tenant, key = self.tenant(asked.account), asked.headers.get(KEY, "")
            known = tenant.operations.get(tenant.keys.get(key, ""))
            made = known or call(tenant, asked.message)
            if key:
                tenant.keys[key] = made.id
            return shown_operation(made, tenant.now)

        self._changing.add(f"/nebius.{name}")
        self.rpc(f"/nebius.{name}", takes, once)

    def is_open(self, name: str) -> bool:
        return name.endswith(".TokenExchangeService/Exchange")

    def before(self, account: str, name: str) -> None:
        if not account:
            return
        tenant = self.tenant(account)
        tenant.take()
        if tenant.role == "viewer" and name in self._changing:
            raise forbidden(tenant.id)

    def secret_of(self, account: str) -> str:
        """The access token of an account."""
        return f"{account}.{self._secret}"
