"""Packages that one cloud alone needs, where calls are made: whether they are here, and what installs them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from im.providers.errors import NotInstalled


@dataclass(frozen=True, slots=True)
class Extra:
    """`modules`: what has to be there to be imported, each as its whole name."""

    name: str
    package: str
    modules: tuple[str, ...]

    @property
    def install(self) -> str:
        return f"pip install 'im-instances[{self.name}]'"

    def is_missing(self) -> bool:
        """The modules are looked for; none of them is run."""
        return not all(map(_is_there, self.modules))

    def missing(self, cloud: str) -> NotInstalled:
        return NotInstalled(f"{cloud} needs the package {self.package} where workers run: {self.install}", self.install)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # of a package that it lies in, or of a name that was taken out
        return False
