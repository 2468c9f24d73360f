"""The words of an account of Azure's, and those that do not go together."""

from __future__ import annotations

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.azure.account import read

WHO = {"tenant": "t", "client_id": "c"}


@pytest.mark.parametrize(
    "words",
    [{}, {"subscription": "s"}, {**WHO, "client_secret_env": "X"}, {**WHO, "certificate": "/x.pem"}, {"use": "cli"},
     {"use": "managed-identity", "client_id": "c"}],
)  # fmt: skip
def test_these_are_taken(words: dict[str, str]) -> None:
    account = Account("lab", "azure", words)
    assert read(account) is account


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({**WHO, "client_secret_env": "X", "certificate": "y"}, "give one of them"),
        ({"client_secret": "hush"}, "its tenant and client_id as well"),
        (WHO, "nothing that proves who it is"),
        ({"use": "magic"}, "one of cli"),
        ({**WHO, "client_secret": "hush", "use": "cli"}, "one of cli"),
        ({"secret": "hush"}, "did you mean"),
        ({"": "hush"}, "known for azure"),
    ],
)
def test_these_are_not_and_no_secret_is_repeated(words: dict[str, str], told: str) -> None:
    with pytest.raises(Refused) as refused:
        read(Account("lab", "azure", words))
    said = f"{refused.value} {refused.value.hint}"
    assert told in said
    assert "hush" not in said
