"""The parts of Nebius' own SDK that are used, each imported when it is first needed: its messages, and how a key signs.

Its client is not: it is asyncio inside, and asks again by itself. Calls are made by gRPC alone, in `api`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from im.providers.nebius.account import EXTRA


def part(name: str) -> Any:
    """`compute.v1` and so on. Raises NotInstalled."""
    return _imported(f"nebius.api.nebius.{name}")


def grpc() -> Any:
    """Raises NotInstalled."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # a server that goes away is told to us, and not to the terminal
    return _imported("grpc")


def rpc_status() -> Any:
    return _imported("nebius.api.google.rpc").Status


def key_reader() -> Any:
    """Reads the file of a service account's key, and signs with it."""
    return _imported("nebius.base.service_account.credentials_file").Reader


def address_of(service: str) -> str:
    """Where a service is, as the SDK has it: `compute.v1.InstanceService` → `compute.api.nebius.cloud:443`."""
    package, _, name = service.rpartition(".")
    host = getattr(part(package), f"{name}Client").__api_service_name__ or package.partition(".")[0]
    return f"{host}.api.nebius.cloud:443"


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as exc:
        raise EXTRA.missing("Nebius") from exc
