"""What the documents say is what the program does. `python -m tests.unit.test_docs` writes the generated parts anew."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from docs.reference import exit_codes
from im.cli.main import COMMANDS
from im.settings import every_setting
from tests.documented import DOCUMENTS, ROOT


def settings_table() -> str:
    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for one in every_setting().values():
        default = "" if str(one.default) in ("", ".", "()") else f"`{one.default}`"
        rows.append(f"| `{one.metadata['env']}` | {default} | {one.metadata['says']} |")
    return "\n".join(rows)


def policy() -> str:
    return f"```json\n{(ROOT / 'docs' / 'iam-policy.json').read_text().strip()}\n```"


def alerts() -> str:
    """Of docs/monitoring/alerts.yml, with a word or N for what Prometheus fills in."""
    rows = ["| alert | severity | says | look at |", "|---|---|---|---|"]
    for one in yaml.safe_load((ROOT / "docs" / "monitoring" / "alerts.yml").read_text())["groups"][0]["rules"]:
        says = re.sub(
            r"{{ \$value.*?}}",
            "N",
            re.sub(r"{{ \$labels\.(\w+) }}", lambda label: label[1].upper(), one["annotations"]["summary"]),
        )
        rows.append(f"| `{one['alert']}` | {one['labels']['severity']} | {says} | {one['annotations']['next']} |")
    return "\n".join(rows)


PARTS = {
    "settings.md": ("settings", settings_table),
    "clouds/aws.md": ("policy", policy),
    "scripts.md": ("exits", lambda: "\n".join(exit_codes())),
    "monitoring.md": ("alerts", alerts),
}
"""What is made from the code, by the page below docs/ that holds it."""


def _part(text: str, name: str) -> re.Match[str]:
    found = re.search(rf"(<!-- {name}[^>]*-->\n)(.*?)(\n?<!-- /{name} -->)", text, re.DOTALL)
    assert found is not None, f"there is no part {name}"
    return found


@pytest.mark.parametrize("page", PARTS)
def test_the_generated_parts_are_up_to_date(page: str) -> None:
    name, make = PARTS[page]
    written = _part((ROOT / "docs" / page).read_text(), name)[2]
    assert written == make(), "run: python -m tests.unit.test_docs"


def test_the_readme_fits_on_two_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110


def test_every_command_is_told_of_somewhere() -> None:
    told = " ".join(document.read_text() for document in DOCUMENTS)
    assert [name for name in COMMANDS if f"im {name}" not in told] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def prose(document: Path) -> str:
    return re.sub(r"^ *```.*?^ *```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)


@cache
def anchors(document: Path) -> frozenset[str]:
    """Of its headings, where GitHub and the site give one the same name."""
    heads = [
        re.sub(r"[^\w\s-]", "", head).strip().lower()
        for head in re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    ]
    return frozenset(head.replace(" ", "-") for head in heads) & {re.sub(r"[-\s]+", "-", head) for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_link_to_a_heading_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\(([^):#]*)#([^)]+)\)", prose(document))
    assert [(page, to) for page, to in links if to not in anchors((document.parent / page) if page else document)] == []


@cache
def definitions() -> frozenset[str]:
    """`file::name` and `file::Class::name` of everything defined in the tests, below `tests/`."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        module = ast.parse(path.read_text())
        file = path.relative_to(ROOT / "tests").as_posix()
        for one in module.body:
            if isinstance(one, ast.FunctionDef | ast.ClassDef):
                found.add(f"{file}::{one.name}")
            if isinstance(one, ast.ClassDef):
                found |= {f"{file}::{one.name}::{each.name}" for each in one.body if isinstance(each, ast.FunctionDef)}
    return frozenset(found)


def test_every_fault_names_a_test_there_is() -> None:
    rows = [line for line in (ROOT / "docs" / "faults.md").read_text().splitlines() if line.startswith("| ")]
    faults = [row for row in rows if not row.startswith("| fault")]
    assert len(faults) > 50
    assert [row for row in faults if "::" not in row] == []
    named = {name for row in faults for name in re.findall(r"`([\w/.]+\.py::[\w:]+)`", row)}
    assert named - definitions() == set()


def test_every_test_that_a_promise_names_is_there() -> None:
    table = [
        line for line in (ROOT / "docs" / "reliability.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)
    ]
    named = {name for row in table for name in re.findall(r"`((?:test_|Test)\w+)`", row.split("|")[4])}
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    defined = {part for definition in definitions() for part in definition.split("::")[1:]}
    assert len(table) == 13
    assert named - files - defined == set()


@pytest.mark.parametrize(
    ("page", "said", "line"),
    [
        ("README.md", 'export PATH="$PWD/.venv/bin', "im up -d"),
        ("docs/tutorial.md", 'export PATH="$PWD/.venv/bin', "im up -d"),
        ("docs/tutorial.md", "`ssh-keygen -t ed25519`", "im create"),
        ("docs/guard.md", "`IM_GUARD_ROLE`", "im create"),
        ("docs/agents.md", "`im doctor` says", "im create"),
        ("docs/python.md", "`IM_API_URL` and `IM_TOKEN`", "from im.client"),
    ],
)
def test_what_a_line_needs_is_said_before_it(page: str, said: str, line: str) -> None:
    """What whoever types it in the order of the page would otherwise have to guess."""
    text = (ROOT / page).read_text()
    assert text.index(said) < text.index(f"\n{line}")


NEVER_ASKED = frozenset({"api.crusoecloud.com", "cloud.vast.ai", "www.googleapis.com"})
"""An old address that is read as the new one, a page for people, and names of rights."""


def hosts(folder: Path) -> set[str]:
    """Of the URLs in the modules' own words; what a docstring links is left out."""
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        module = ast.parse(file.read_text())
        told = {id(one.value) for one in ast.walk(module) if isinstance(one, ast.Expr)}
        for one in ast.walk(module):
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in told:
                found |= set(re.findall(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)", one.value))
    return found - NEVER_ASKED


def test_whoever_writes_firewall_rules_has_every_host_that_the_code_names() -> None:
    found = hosts(ROOT / "im" / "providers") | hosts(ROOT / "im" / "cli" / "options")
    assert {"api.hetzner.cloud", "checkip.amazonaws.com"} <= found
    page = (ROOT / "docs" / "security.md").read_text()
    assert {host for host in found if f"`{host}`" not in page} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_file_of_ours_that_the_text_names_is_there(document: Path) -> None:
    named = re.findall(r"`((?:im|workers|deploy|docs|tests|alembic)/[\w./-]+\.py)`", document.read_text())
    assert [one for one in named if not (ROOT / one).exists() and not one.startswith("workers/test_")] == []


def write() -> None:
    for page, (name, make) in PARTS.items():
        path = ROOT / "docs" / page
        text = path.read_text()
        path.write_text(text.replace(_part(text, name)[0], _part(text, name)[1] + make() + f"\n<!-- /{name} -->"))


if __name__ == "__main__":
    write()
