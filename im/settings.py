"""Everything that can be configured, read once from the environment; nothing runs at import.

Precedence: environment variable, then the config file, then the local stack that runs in the state folder, then the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from im.config_file import expanded, exposed, os_user, read_config, xdg
from im.domain.adoption import Adopt
from im.domain.config.account import Account, declared, place_of, unknown
from im.domain.config.limits import Limit, parse_limits
from im.domain.config.policy import OnInterruption, OnOrphan, OnOutsideStart, OnOutsideStop, Policies
from im.domain.config.region import Region, is_ambient
from im.domain.config.sandbox import sandboxes
from im.domain.errors import Refused
from im.domain.guard import WORDS, GuardKind
from im.domain.input.duration import parse_duration, parse_keep
from im.domain.input.text import OWNER, PLACE
from im.domain.tags import tags_for_all
from im.own_settings import declared as declared_by
from im.own_settings import may_be_set, parts, unread
from im.providers import registry
from im.secret import HIDDEN, learn
from im.setting import Usual, broker, checked, named, one_of, said, setting, through
from im.setting import read as setting_value
from im.stack_file import read_stack

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per variable; `metadata["says"]` is its line in docs/settings.md. Durations are seconds."""

    database_url: str = setting("IM_DATABASE_URL", "", "Postgres, as `postgresql://user:password@host/db`", secret=True)
    broker_url: str = setting(
        "IM_BROKER_URL", "", "Redis or Valkey, as `redis://` or `rediss://`", secret=True, parse=broker
    )
    sandbox_url: str = setting(
        "IM_SANDBOX_URL",
        "",
        "sandbox clouds, as `aws=http://sandbox:SECRET@host:port,…` (a URL alone: AWS); when set, no real cloud is ever called",
        secret=True,
    )
    home: Path = setting("IM_HOME", Path(), "state folder of the local stack (default: the XDG state folder)")
    config: Path = setting(
        "IM_CONFIG", Path(), "config file, TOML (default: `im/config.toml` in the XDG config folder)"
    )
    owner: str = setting(
        "IM_OWNER",
        "",
        "who you are in tables and history (default: the OS user)",
        parse=said(OWNER, "export IM_OWNER=ada, or a mail address"),
    )
    provider: str = setting("IM_PROVIDER", "aws", "the cloud that is usually meant", parse=through(registry.name_of))
    account: str = setting(
        "IM_ACCOUNT",
        "default",
        "our name for the cloud account used without `--account`",
        parse=said(PLACE, "export IM_ACCOUNT=prod"),
    )
    accounts: tuple[Account, ...] = setting(
        "IM_ACCOUNTS",
        (),
        "further accounts: `name=profile`, `name=role=…;external_id=…`, `name=provider=…`, comma between (docs/accounts.md)",
        parse=through(lambda written: written),
    )
    region: str = setting(
        "IM_REGION",
        "",
        "region used when no zone is given; where it is not set, what the cloud's own variables and files say",
    )
    tags: tuple[tuple[str, str], ...] = setting(
        "IM_TAGS",
        (),
        "tags for everything that every create makes, as `team=web, CostCentre=42`; `--tag` goes before them",
        parse=through(tags_for_all),
    )
    ssh_from: str = setting("IM_SSH_FROM", "me", "who may log in when `--ssh-from` is not given: me, none, or networks")
    log_level: str = setting(
        "IM_LOG_LEVEL",
        "info",
        "debug, info, warn or error",
        parse=one_of("debug", "info", "warn", "error", what="log level"),
    )
    log_format: str = setting(
        "IM_LOG_FORMAT", "console", "console or json", parse=one_of("console", "json", what="log format")
    )
    batch: int = setting("IM_BATCH", 200, "rows one worker claims for one cloud call, at most 1000")
    limits: tuple[Limit, ...] = setting(
        "IM_LIMITS",
        (),
        "limits of your accounts other than the clouds' usual ones: `stop=20/200, prod/stop.machines=none` (docs/fleet.md)",
        parse=through(parse_limits),
    )
    step_lease: float = setting("IM_STEP_LEASE", 15.0, "how long a start, stop or terminate owns its rows")
    launch_lease: float = setting(
        "IM_LAUNCH_LEASE", 75.0, "how long a launch owns its row; above connect + read time-outs"
    )
    patience: float = setting(
        "IM_PATIENCE",
        120.0,
        "seconds after which a worker that takes nothing, while messages wait, ends to be restarted",
    )
    states_from: int = setting(
        "IM_STATES_FROM",
        500,
        "machines in one place from which on most refreshes read states only, and everything once a minute",
    )
    concurrency: int = setting("IM_CONCURRENCY", 2, "worker processes of one `im worker`")
    on_outside_stop: OnOutsideStop = setting(
        "IM_ON_OUTSIDE_STOP", OnOutsideStop.RECORD, "somebody stops it before its deadline: record or restart"
    )
    on_outside_start: OnOutsideStart = setting(
        "IM_ON_OUTSIDE_START", OnOutsideStart.ADOPT, "somebody starts it, with time left: adopt or stop"
    )
    on_orphan: OnOrphan = setting(
        "IM_ON_ORPHAN", OnOrphan.LIST, "a machine of ours has no row: list, or adopt it for an hour"
    )
    adopt: Adopt = setting(
        "IM_ADOPT", Adopt.NO, "what workers take in that im did not make: no, tagged, any", in_sandbox=Adopt.ANY.value
    )
    on_interruption: OnInterruption = setting(
        "IM_ON_INTERRUPTION",
        OnInterruption.RESTART,
        "the cloud takes a spot machine back: leave it stopped, restart it (AWS, Kubernetes), or replace what it ended too",
    )
    notice_stages: str = setting(
        "IM_NOTICE_STAGES",
        "60m,15m,5m",
        "how long before a deadline its notices are sent",
        parse=named("im.domain.notice:parse_stages"),
    )
    notice_webhook: str = setting("IM_NOTICE_WEBHOOK", "", "URL that gets each notice as JSON", secret=True)
    notice_slack: str = setting("IM_NOTICE_SLACK", "", "webhook of Slack, or of what is compatible", secret=True)
    notice_smtp: str = setting("IM_NOTICE_SMTP", "", "mail: `smtp+starttls://user:password@host:587`", secret=True)
    notice_mail_from: str = setting("IM_NOTICE_MAIL_FROM", "", "sender of notices by mail")
    notice_mail_to: str = setting("IM_NOTICE_MAIL_TO", "", "who gets them; `{owner}@example.com` for each owner")
    guard: GuardKind = setting(
        "IM_GUARD",
        GuardKind.NONE,
        "who stops a machine if all of im is gone: none, or native, where the cloud can (docs/guard.md)",
        parse=one_of(*WORDS, what="guard", kind=GuardKind),
    )
    guard_grace: float = setting("IM_GUARD_GRACE", 300.0, "seconds after the deadline at which the guard stops it")
    keep_stopped: str = setting(
        "IM_KEEP_STOPPED",
        "forever",
        "how long a machine is kept once its TTL stopped it, and then terminated: 7d, or forever",
        parse=checked(parse_keep),
    )
    keep_events: str = setting(
        "IM_KEEP_EVENTS",
        "365d",
        "how long history is kept, for `im history` and `im status`: 365d at most, or forever",
        parse=checked(parse_keep),
    )
    token_max: str = setting("IM_TOKEN_MAX", "90d", "longest life of an API token", parse=checked(parse_duration))
    flower_url: str = setting("IM_FLOWER_URL", "", "where Flower is, for `im doctor` and the demo to say", secret=True)
    parts: tuple[Any, ...] = ()
    """What one cloud, or one process, alone has to be told: see `own`."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """All variables of this process: in them, and in files that they lead to, people keep what clouds have to be told."""

    def own(self, kind: type[_Kind]) -> _Kind:
        """The part that is declared as `kind`; as it is where nothing was said of it when nobody has read it."""
        read = next((one for one in self.parts if isinstance(one, kind)), None)
        return unread(kind, sandbox=self.sandbox) if read is None else read

    def usual_of(self, provider: str) -> dict[str, Usual]:
        """What this deployment has that cloud take where a person says nothing, by the field of an Ask, or `region`."""
        return registry.usual_of(provider, self.parts)

    @property
    def sandbox(self) -> bool:
        return bool(self.sandbox_url)

    @property
    def sandboxes(self) -> Mapping[str, str]:
        """Cloud → the URL of its sandbox; none where clouds are real."""
        return sandboxes(self.sandbox_url, registry.USUAL)

    def sandbox_of(self, provider: str) -> str:
        """The URL of that cloud's sandbox; empty where clouds are real. Raises Refused when this sandbox has no such cloud."""
        found = self.sandboxes
        if found and provider not in found:
            raise Refused(f"this sandbox has no {provider}", f"it has {', '.join(found)}; im up  starts one with all")
        return found.get(provider, "")

    @property
    def policies(self) -> Policies:
        return Policies(self.on_outside_stop, self.on_outside_start, self.on_orphan, self.on_interruption)

    @property
    def account_names(self) -> tuple[str, ...]:
        """What `--account` may say, the usual one first."""
        return tuple(dict.fromkeys((self.account, *(one.name for one in self.accounts))))

    def place_of(self, provider: str | None, account: str | None) -> tuple[str, str]:
        """The cloud and the account that are meant by what was said of them. Raises Refused with what is near, or what there is.

        An account that was declared is of one cloud; one that was not is the workers' own, of whichever cloud.
        """
        usual = Account(self.account, self.provider)
        return place_of(self.accounts, usual, provider and registry.name_of(provider), account)

    def account_called(self, name: str, provider: str) -> Account:
        """How a worker reaches an account that rows name; the usual one needs no declaration. Raises Refused.

        As long as none of a cloud is declared there is one account of it only, and every name means it: a deployment may have
        changed its mind about what it calls its only one.
        """
        own = [one for one in self.accounts if one.provider == provider]
        for one in own:
            if one.name == name:
                return one
        if name == self.account or not own:
            return Account(name, provider)
        raise unknown(name, self.account_names)

    def region_of(self, account: str, provider: str = "") -> str:
        """Where a machine of that account goes when nobody says where: its own region, unless another was set for all. Empty
        where its cloud is to decide."""
        mine = next((one for one in self.accounts if one.name == account), None)
        cloud = (mine.provider if mine else "") or provider or self.provider
        usual = self.region if cloud == self.provider else ""
        usual = usual or registry.home(cloud, self.environ, self.usual_of(cloud)) or ""
        if mine and mine.region and is_ambient(usual):
            return mine.region
        return usual

    @property
    def exposure(self) -> str:
        """What is wrong with who can read the config file; empty when nothing is."""
        return exposed(self.config, [name for name, one in every_setting().items() if one.metadata["secret"]])

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{f.name}={self._shown(f)!r}' for f in fields(self) if f.name != 'environ')})"

    def _shown(self, one: Any) -> str:
        value = str(getattr(self, one.name))
        return HIDDEN if value and one.metadata.get("secret") else value

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `environ` (the process's own when None). Raises Refused, naming the variable, for a value that cannot be."""
        env = os.environ if environ is None else environ
        home = expanded(Path(env.get("IM_HOME") or xdg(env, "XDG_STATE_HOME", ".local/state") / "im"))
        config = Path(env.get("IM_CONFIG") or xdg(env, "XDG_CONFIG_HOME", ".config") / "im" / "config.toml")
        base: dict[str, Any] = {"home": home.absolute(), "config": config, "owner": os_user(env)}
        core = declared_by(Settings)
        known = every_setting() if may_be_set(env, config, core) else core
        from_file = read_config(config, known, required=bool(env.get("IM_CONFIG")))
        named = {name: env[f.metadata["env"]] for name, f in known.items() if env.get(f.metadata["env"])}
        given = {**from_file, **named}
        stack = {} if given.get("database_url") or given.get("broker_url") else read_stack(home)
        if stack.keys() - core.keys():  # where its page is
            known = every_setting()
        base |= {k: v for k, v in stack.items() if k in known}
        # before anything of it is looked at: whatever cannot be read may be repeated by whoever says so
        told = {k: str({**base, **given}.get(k, "")) for k, f in known.items() if f.metadata["secret"]}
        words = [value for value in told.values() if "://" not in value]
        learn([*sandboxes(told.pop("sandbox_url"), registry.USUAL).values(), *told.values()], env, words)
        if base.get("sandbox_url") or given.get("sandbox_url"):
            base |= {k: f.metadata["in_sandbox"] for k, f in known.items() if f.metadata["in_sandbox"]}
        values = {**base, **{k: v for k, v in given.items() if k not in ("home", "config")}}
        read = {name: setting_value(known[name], value) for name, value in values.items()}
        read["accounts"] = _accounts(env, read)
        learn((), {}, registry.secrets_of(read["accounts"], env))
        of_parts = [name for name in read if name not in core]
        named_by = ((kind, [f.name for f in fields(kind) if f.name in read]) for kind in (parts() if of_parts else ()))
        read["parts"] = tuple(kind(**{name: read.pop(name) for name in names}) for kind, names in named_by)
        made = cls(**read, environ=env)
        return replace(made, region=made._usual_region(config if "region" in from_file else None))

    def _usual_region(self, config: Path | None) -> str:
        """Of the usual cloud, with its source in words: its own variables go before our file."""
        if self.environ.get("IM_REGION"):
            return Region(self.region, "IM_REGION")
        written = Region(self.region, f"region in {config}") if self.region and config else None
        cloud = self.provider or registry.USUAL
        return registry.home(cloud, self.environ, self.usual_of(cloud), written) or ""


def every_setting() -> dict[str, Field[Any]]:
    """By its name in the config file: im's own, then those of one cloud alone."""
    kinds: tuple[type[Any], ...] = (Settings, *parts())
    return {name: one for kind in kinds for name, one in declared_by(kind).items()}


def _accounts(env: Mapping[str, str], read: Mapping[str, Any]) -> tuple[Account, ...]:
    """The declared ones, each as its cloud understands it, with the region that is its own."""
    given = read.get("accounts")
    return registry.read_accounts(declared(given, registry.USUAL), env) if given else ()
