"""Who may call Azure's stand-in, how often, and what every refusal looks like.

Paths are the same in any case, as Azure's are: what was written stays in `im.path` of the request's environment.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.azure import machines, network, sales, schedule
from im.standins.azure.answers import HEADERS
from im.standins.azure.errors import no, too_often
from im.standins.azure.subscription import Subscription
from im.standins.service import Refusal, Service

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_NAMES = uuid.UUID("6f0f1b5e-8a4e-4a6e-9d4e-2f3a5c7b9d10")
_PRICES = "/api/retail/prices"


class Azure(Service):
    """`takes`: how long every transition lasts."""

    def register(self) -> None:
        self.route("GET", "/subscriptions", self._subscriptions)
        self.handle("GET", "", lambda s, request: (200, _shown(s)))
        self.handle("GET", "/providers/<namespace>", self._provider)
        self.handle("GET", "/providers/microsoft.compute/locations/<location>/operations/<name>", self._operation)
        self.route("GET", _PRICES, sales.prices)
        machines.register(self)
        network.register(self)
        sales.register(self)
        schedule.register(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        written = str(environ.get("PATH_INFO", ""))
        named = written.split("/")[:3]
        lower = {"PATH_INFO": written.lower(), "im.path": written, "im.subscription": "/".join(named)}
        return super().__call__({**environ, **lower, HEADERS: {}}, start_response)

    def subscription(self, account: str) -> Subscription:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(
                account, lambda: Subscription(str(uuid.uuid5(_NAMES, account)), self.clock(), self.takes)
            )
            schedule.fire(found, self.clock())
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., tuple[int, Any]]) -> None:
        """`call` is given the subscription, one caller at a time, and the request."""

        def one_at_a_time(account: str, request: Request, subscription: str, **parts: Any) -> tuple[int, Any]:
            if "api-version" not in request.args:
                told = "The api-version query parameter (?api-version=) is required for all requests."
                raise no(400, "MissingApiVersionParameter", told)
            with self.lock:
                found = self.subscription(account)
                if subscription != found.id:
                    raise no(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
                _check_allowed(found, method, request.path, request.environ["im.path"])
                return call(found, request, **parts)

        self.route(method, f"/subscriptions/<subscription>{rule}", one_at_a_time)

    # ---- what everybody may ask --------------------------------------------------------------------------------------

    def _subscriptions(self, account: str, request: Request) -> tuple[int, Any]:
        return 200, {"value": [_shown(self.subscription(account))]}

    def _provider(self, subscription: Subscription, request: Request, namespace: str) -> tuple[int, Any]:
        state = "NotRegistered" if namespace in subscription.unregistered else "Registered"
        return 200, {"namespace": request.environ["im.path"].rpartition("/")[2], "registrationState": state}

    def _operation(self, subscription: Subscription, request: Request, location: str, name: str) -> tuple[int, Any]:
        found = subscription.operations.get(name)
        if found is None:
            raise no(404, "NotFound", f"The entity was not found: operation {name}.")
        shown = found.shown(subscription.now)
        if request.args.get("monitor") and shown["status"] == "InProgress":
            return 202, None
        return 200, shown

    # ---- how often ---------------------------------------------------------------------------------------------------

    def before(self, account: str, request: Request) -> dict[str, str]:
        """Azure counts what one who asks reads, writes and deletes in a subscription."""
        headers: dict[str, str] = request.environ[HEADERS]
        headers["x-ms-request-id"] = str(uuid.uuid4())
        with self.lock:
            found = self.subscription(account)
            which = {"GET": "reads", "DELETE": "deletes"}.get(request.method, "writes")
            bucket = getattr(found, which)
            if request.path != _PRICES and not bucket.take(found.now):
                raise too_often(f"the number of {which} of this subscription", 1)
            headers[f"x-ms-ratelimit-remaining-subscription-{which}"] = str(int(bucket.left))
        return headers

    def token_in(self, request: Request) -> str:
        # the price list asks nobody who they are; in a stand-in it is for whoever has the secret, as everything is
        return super().token_in(request)

    def not_let_in(self) -> Refusal:
        return no(401, "InvalidAuthenticationToken", "The access token is invalid.")

    def not_there(self) -> Refusal:
        return no(404, "InvalidResourceType", "The resource type could not be found.")

    def code_of(self, body: Any) -> str:
        return str(body["error"].get("code", "")) if isinstance(body, dict) and "error" in body else ""


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": str(uuid.uuid5(_NAMES, subscription.id)),
        "displayName": "sandbox",
        "state": subscription.state,
    }


def action_of(method: str, path: str) -> str:
    """The right that a call needs, as roles name it, in lower case: `microsoft.compute/virtualmachines/start/action`."""
    words = path.lower().strip("/").split("/")[2:]
    if "providers" in words:
        words = words[len(words) - words[::-1].index("providers") :]
    elif words[:1] == ["resourcegroups"]:
        words = ["microsoft.resources/subscriptions", *words]
    else:
        words = ["microsoft.resources", "subscriptions"]
    if len(words) == 1 and words[0].startswith("microsoft.") and method == "GET":
        return "microsoft.resources/subscriptions/providers/read"
    kind = [words[0], *words[1::2]]
    if words[1:2] == ["locations"]:
        kind = [words[0], "locations", *words[3::2]]
    if method == "POST":
        return "/".join([*kind[:2], words[-1], "action"])
    verb = {"GET": "read", "DELETE": "delete"}.get(method, "write")
    if kind == ["microsoft.resources/subscriptions", "resourcegroups"]:
        kind = ["microsoft.resources", "subscriptions", "resourcegroups"]
    if words[-1] == "instanceview":
        kind = [words[0], "virtualmachines", "instanceview"]
    return "/".join([*kind, verb])


def _check_allowed(subscription: Subscription, method: str, path: str, written: str) -> None:
    if subscription.allowed is None:
        return
    needed = action_of(method, path)
    if needed not in subscription.allowed:
        told = f"The client does not have authorization to perform action '{needed}' over scope '{written}'."
        raise no(403, "AuthorizationFailed", told)
