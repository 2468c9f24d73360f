"""Memory that is free goes back to the system, where the C library can be told."""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import pytest

from im.memory import give_back


def test_glibc_can_be_told() -> None:
    assert give_back() == (platform.libc_ver()[0] == "glibc")


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, _: Any) -> None:
            pass

    monkeypatch.setattr(ctypes, "CDLL", Other)
    assert not give_back()
