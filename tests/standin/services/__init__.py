"""The AWS services, one file each (EC2 has a folder): a file that declares its actions here is all that a new one takes."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every service, so that its actions are declared."""
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(found.name)
