"""Names to clouds, loaded on use, with an answer for each name we know but cannot serve yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from im.domain.config.limits import calls_of, machines_of
from im.domain.config.region import Region
from im.domain.errors import Refused, near
from im.setting import Usual, usual

if TYPE_CHECKING:
    from im.domain.config.account import Account
    from im.domain.money.forecast import Parts
    from im.domain.money.rules import BillingRules
    from im.domain.spec.spec import Spec
    from im.providers.capabilities import Capabilities
    from im.providers.contract import Profile, Provider
    from im.providers.kit.extra import Extra
    from im.providers.request import Flag
    from im.settings import Settings

USUAL = "aws"
"""The cloud of an account or a sandbox that names none: they are older than the second cloud."""


class _Cloud(NamedTuple):
    """Where the parts of a cloud lie, as `module:name`; each is imported when it is first used."""

    profile: str
    capabilities: str
    provider: str
    account: str
    expects: str
    rules: str = "im.domain.money.rules:PER_SECOND"


def _cloud(folder: str, expected: str = "") -> _Cloud:
    """`expected`: where it is said what machines are going to be charged for, of a cloud without rules of its own."""
    home = f"im.providers.{folder}"
    return _Cloud(
        f"{home}.profile:PROFILE",
        f"{home}.capabilities:CAPABILITIES",
        f"{home}.provider:from_settings",
        f"{home}.account",
        f"{home}.{expected or 'billing'}:expects",
        *(() if expected else (f"{home}.billing:RULES",)),
    )


_KNOWN = {
    "aws": _cloud("aws", "launch.expected"),
    "azure": _cloud("azure"),
    "crusoe": _cloud("crusoe"),
    "digitalocean": _cloud("digitalocean"),
    "gcp": _cloud("gcp", "launch.expected"),
    "hetzner": _cloud("hetzner"),
    "kubernetes": _cloud("kubernetes"),
    "lambda": _cloud("lambda_cloud"),  # Python has that word for itself
    "nebius": _cloud("nebius"),
    "runpod": _cloud("runpod"),
    "vast": _cloud("vast"),
}
_KNOWN["fake"] = _Cloud(
    "im.providers.fake.provider:PROFILE",
    "im.providers.fake.capabilities:CAPABILITIES",
    "im.providers.fake.provider:from_settings",
    "im.providers.kit.no_account",
    "im.providers.fake.billing:expects",
)
_OWN_SETTINGS = {
    "aws": "im.providers.aws.settings:AwsSettings",
    "azure": "im.providers.azure.settings:AzureSettings",
    "crusoe": "im.providers.crusoe.settings:CrusoeSettings",
    "digitalocean": "im.providers.digitalocean.settings:DigitalOceanSettings",
    "gcp": "im.providers.gcp.settings:GcpSettings",
    "hetzner": "im.providers.hetzner.settings:HetznerSettings",
    "kubernetes": "im.providers.kubernetes.settings:KubernetesSettings",
    "lambda": "im.providers.lambda_cloud.settings:LambdaSettings",
    "nebius": "im.providers.nebius.settings:NebiusSettings",
    "runpod": "im.providers.runpod.settings:RunPodSettings",
    "vast": "im.providers.vast.settings:VastSettings",
}
_FLAGS = (
    "im.providers.kit.gpu_flag:FLAGS",
    *(f"im.providers.{folder}.flags:FLAGS" for folder in ("aws", "kubernetes", "lambda_cloud", "runpod", "vast")),
)
_LOGINS = {"kubernetes": "im.providers.kubernetes.entry.login"}
"""Clouds whose machines are entered by something else than ssh to an address."""
_SHORT = {"k8s": "kubernetes", "lambda-labs": "lambda", "lambdalabs": "lambda", "vastai": "vast", "vast.ai": "vast"}
_PLANNED = {
    "hyperstack": (
        "a machine there that is off is billed in full, and no stop ends that but a hibernation, of which nothing published says "
        "for which types it works: no deadline of im's could be trusted there"
    ),
}
"""Names that we know and do not serve, with the reason."""


def profile(name: str) -> Profile:
    """What is known of the cloud `name` without asking it. Raises Refused for a name we cannot serve."""
    found: Profile = _load(_known(name).profile)
    return found


@cache
def capabilities(name: str) -> Capabilities:
    """What the cloud `name` can do, as its profile has it, without all else that the profile knows. Raises Refused."""
    found: Capabilities = _load(_known(name).capabilities)
    return found


@cache
def billing(name: str) -> BillingRules:
    """How the cloud `name` bills, as its profile has it, without all else that the profile knows. Raises Refused."""
    found: BillingRules = _load(_known(name).rules)
    return found


@cache
def expects(name: str) -> Callable[[Spec], Parts]:
    """What a machine of a spec is going to be charged for beside computing at the cloud `name`, as far as that is known without
    asking. Raises Refused."""
    found: Callable[[Spec], Parts] = _load(_known(name).expects)
    return found


def connect(name: str, settings: Settings, deployment: str, account: str = "") -> Provider:
    """The cloud itself, with the credentials of `account` (the settings' usual one when empty), for `deployment` (a UUID)."""
    make: Callable[[Settings, str, str], Provider] = _load(_known(name).provider)
    whose = account or settings.account
    made = make(settings, deployment, whose)
    usual = made.capabilities
    made.capabilities = replace(
        usual,
        rates=calls_of(usual.rates, settings.limits, whose),
        machine_rates=machines_of(usual.machine_rates, settings.limits, whose),
    )
    return made


def check(name: str) -> None:
    """Raises Refused, with the reason, for a name that we cannot serve."""
    _known(name_of(name))


def name_of(typed: str) -> str:
    """A cloud's own name, where people call it otherwise."""
    return _SHORT.get(typed, typed)


def login(name: str) -> Any:
    """The module that says how one gets into a machine of that cloud; None where it is ssh to its address."""
    return import_module(_LOGINS[name]) if name in _LOGINS else None


def names() -> tuple[str, ...]:
    """The clouds that people may name."""
    return tuple(name for name in _KNOWN if name != "fake")


def own_settings() -> tuple[type[Any], ...]:
    """What clouds have to be told that no other one reads: dataclasses whose fields are made by `im.setting.setting`."""
    return tuple(_load(one) for one in _OWN_SETTINGS.values())


def usual_of(name: str, parts: Sequence[Any]) -> dict[str, Usual]:
    """What `parts` of the settings have that cloud take where a person says nothing, by the field of an Ask, or `region`."""
    if not parts or name not in _OWN_SETTINGS:
        return {}
    return next((usual(one) for one in parts if isinstance(one, _load(_OWN_SETTINGS[name]))), {})


def flags() -> tuple[Flag, ...]:
    """What `im create` takes for one cloud alone; the others refuse it by its name."""
    return tuple(flag for one in _FLAGS for flag in _load(one))


def read_accounts(accounts: Sequence[Account], env: Mapping[str, str]) -> tuple[Account, ...]:
    """Declared accounts, each with its cloud's words understood and checked, and its own region. Raises Refused."""
    found = []
    for one in (replace(one, provider=name_of(one.provider)) for one in accounts):
        rules = import_module(_known(one.provider).account)
        read: Account = rules.read(one)
        found.append(replace(read, region=read.region or rules.home(env, None, read) or ""))
    return tuple(found)


def home(
    name: str, env: Mapping[str, str], by_default: Mapping[str, Usual], written: Region | None = None
) -> str | None:
    """Where machines of that cloud go when nobody says where, as its own tools would have it; None where it has no regions.

    `written`: what im's config file says; behind it comes what the deployment has `by_default`. Never raises.
    """
    if written is None and (said := by_default.get("region")):
        written = Region(said.value, said.said, ambient=True)
    if name not in _KNOWN:
        return written
    found: str | None = import_module(_KNOWN[name].account).home(env, written)
    return found


def secrets_of(accounts: Sequence[Account], env: Mapping[str, str]) -> list[str]:
    """Words of these that nobody may be shown."""
    return [word for one in accounts for word in import_module(_known(one.provider).account).secrets(one, env) if word]


def reached_by(account: Account) -> str:
    """How an account is reached, for people; no secret is in it. Raises Refused for a cloud we cannot serve."""
    told: str = import_module(_known(account.provider).account).sentence(account)
    return told


@dataclass(frozen=True, slots=True)
class Own:
    """The credentials of a cloud that are to be seen on this machine, in words; `who` is empty when there are none."""

    who: str
    where: str
    missing: str
    """What to do when there are none."""


def own_credentials(name: str, env: Mapping[str, str]) -> Own:
    """Raises Refused for a cloud we cannot serve."""
    rules = import_module(_known(name).account)
    return Own(rules.found(env), rules.endpoint(env), rules.MISSING)


def lacking(name: str) -> str:
    """What to type for that cloud's packages to be here; empty where none is missing. Raises Refused for one we cannot serve."""
    extra: Extra | None = getattr(import_module(_known(name).account), "EXTRA", None)
    return extra.install if extra is not None and extra.is_missing() else ""


def pretending(env: Mapping[str, str]) -> dict[str, str]:
    """`env` for processes whose clouds are pretended: no credential is in it, and none is looked for."""
    kept = dict(env)
    for name in names():
        rules = import_module(_KNOWN[name].account)
        kept = {k: v for k, v in kept.items() if not k.startswith(rules.SECRET_VARIABLES) or k in rules.KEPT}
        kept |= rules.PRETENDED
    return kept


def _known(name: str) -> _Cloud:
    if name in _KNOWN:
        return _KNOWN[name]
    hint = f"use --provider {' or '.join(names())}"
    if name in _PLANNED:
        raise Refused(f"{name} is known but not available yet: {_PLANNED[name]}", hint)
    alike = near(name, [*names(), *_PLANNED])
    raise Refused(f"unknown provider '{name[:40]}'", f"did you mean {alike[0]}?" if alike else hint)


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
