"""`im create --dry-run` for AWS as a person types it, on a machine that has no stack, no credentials and no profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from im.cli.main import im
from im.providers import registry
from tests.unit.providers.aws.test_profile import ED25519

UNSAID = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "IM_CONFIG", "IM_DATABASE_URL", "IM_BROKER_URL", "IM_SANDBOX_URL", "IM_TAGS"),
    *(
        "CLOUDSDK_CONFIG",
        "CLOUDSDK_COMPUTE_REGION",
        "CLOUDSDK_COMPUTE_ZONE",
        "AZURE_DEFAULTS_LOCATION",
        "AZURE_LOCATION",
    ),
)


def _keeps_out(cloud: str) -> bool:
    """Where nobody is kept out, nobody may be asked to be."""
    return cloud not in registry.names() or registry.profile(cloud).capabilities.can_firewall


class Rehearsal:
    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "id.pub").write_text(ED25519)

    def run(self, *words: str, ssh_from: str | None = "none", key: bool = True, **env: str) -> Result:
        own = {"HOME": str(self.home), "IM_HOME": str(self.home / "im"), "IM_PROVIDER": "aws"}
        login = ["--public-key", str(self.home / "id.pub")] if key else []
        typed = ["create", *login, "--dry-run", *words]
        kept_out = "--provider" not in words or _keeps_out(words[words.index("--provider") + 1])
        typed += ["--ssh-from", ssh_from] if ssh_from and kept_out else []
        return CliRunner(env={**dict.fromkeys(UNSAID), **own, **env}).invoke(im, typed, prog_name="im")

    def told(self, *words: str, **given: Any) -> str:
        """What it says, which must go well."""
        result = self.run(*words, **given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def plan(self, *words: str, **given: Any) -> Any:
        """The same for programs."""
        return json.loads(self.told(*words, "--json", **given))

    def refused(self, *words: str, **given: Any) -> str:
        result = self.run(*words, **given)
        assert result.exit_code == 2, result.output
        return result.stderr


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    return Rehearsal(tmp_path)
