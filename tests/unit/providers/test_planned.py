"""Clouds that are known and not served: the reason is said where one is asked for, and on the page of clouds."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.errors import Refused
from im.providers import registry
from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]
PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "index.md"


def test_what_cannot_be_served_is_said_before_what_is_missing(rehearsal: Rehearsal) -> None:
    for words, told in (("hyperstack", "hyperstack is known but not available yet"), ("awz", "unknown provider 'awz'")):
        said = rehearsal.refused("--provider", words, key=False)
        assert (told in said, "public key" in said) == (True, False)
    assert "needs the public key" in rehearsal.refused("--provider", "vastai", key=False)
    assert "needs the public key" in rehearsal.refused("--provider", "any", key=False)


def test_hyperstack_is_refused_with_the_reason_at_the_prompt_and_on_the_page(rehearsal: Rehearsal) -> None:
    said = rehearsal.refused("--provider", "hyperstack")
    assert "hyperstack is known but not available yet: a machine there that is off is billed in full" in said
    assert f"Next: use --provider {' or '.join(registry.names())}" in said
    told = PAGE.read_text().partition("## Known, and not available yet")[2]
    assert "**Hyperstack**: a machine there that is off is billed in full" in told
    with pytest.raises(Refused, match="unknown provider 'hyperstak'") as near:
        registry.profile("hyperstak")
    assert "did you mean hyperstack?" in str(near.value.hint)
