"""A group of commands that are imported only when they are used, listed by what a person wants to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from im.domain.errors import Refused, near


class Entry(NamedTuple):
    """Where a command lives (`module:attribute`) and its line in the list; the command itself repeats that line."""

    section: str
    path: str
    says: str


class LazyGroup(click.Group):
    """Help needs the table only; a command's module, and what it imports, is loaded when the command runs."""

    def __init__(
        self,
        *args: Any,
        entries: Mapping[str, Entry],
        synonyms: Mapping[str, str],
        everywhere: Sequence[click.Option],
        hidden: Mapping[str, Entry] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries
        self._hidden = hidden or {}
        self._synonyms = synonyms
        self._everywhere = everywhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_entry(self, name: str) -> Entry | None:
        """Those that no list shows are found too: by programs, which know them."""
        return self.entries.get(name) or self._hidden.get(name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.get_entry(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.path.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        self._add_everywhere(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not ctx.resilient_parsing and self.get_entry(word) is None and not word.startswith("-"):
            alike = [self._synonyms[word]] if word in self._synonyms else near(word, self.entries, n=2)
            meant = " or ".join(f"im {name}" for name in alike)
            raise Refused(f"there is no command '{word[:40]}'", f"did you mean {meant}?" if alike else "im --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            sections.setdefault(entry.section, []).append((name, entry.says))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)

    def _add_everywhere(self, command: click.Command) -> None:
        """Give a command, and the commands in it, the options that work before and after its name."""
        taken = {name for param in command.params for name in param.opts}
        command.params.extend(o for o in self._everywhere if not taken.intersection(o.opts))
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                self._add_everywhere(inner)
