"""Where the API is that commands speak to, and in whose name."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import setting


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Read by the command line alone (`im.cli.backend.place`), before anything else is."""

    api_url: str = setting(
        "IM_API_URL", "", "the `im web` that every command speaks to, as `https://im.example.com` (docs/remote.md)"
    )
    token: str = setting("IM_TOKEN", "", "the token it is shown; `im login` keeps one instead", secret=True)
