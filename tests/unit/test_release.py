"""What a release is made of: what is in the packages, that they come out the same, and that the bill of materials is one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from deploy.release import build, packing, sbom, trial
from im import __version__
from im.db.schema import migrate
from tests.documented import ROOT
from tests.unit.test_lock import PROJECT

AT = 1_700_000_000


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that needs no environment of its own."""
    into = tmp_path_factory.mktemp("dist")
    build.build_packages(into, AT)
    build.pack_chart(into, AT)
    packing.write_checksums(into)
    return into


def tracked(*folders: str) -> set[str]:
    """What a clone has, also what is not added yet, less what only git reads; what lies there where this is no clone."""
    told = subprocess.run(
        [*"git ls-files -z --cached --others --exclude-standard".split(), *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = told.stdout.split("\0") if told.returncode == 0 else _below(*folders)
    return {one for one in names if one not in ("", ".gitignore", "PKG-INFO") and (ROOT / one).exists()}


def _below(*folders: str) -> list[str]:
    files = [ROOT / one for one in folders] or [ROOT]
    there = [one for folder in files for one in (folder.rglob("*") if folder.is_dir() else [folder]) if one.is_file()]
    names = [one.relative_to(ROOT) for one in there]
    made = {folder for one in names for folder in one.parts[:-1] if folder[0] == "." and folder != ".ci"}
    return [one.as_posix() for one in names if not {*made, "__pycache__", "build", "dist"} & set(one.parts[:-1])]


def in_sdist(dist: Path) -> set[str]:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        return {one.partition("/")[2] for one in archive.getnames()}


def test_the_wheel_is_the_program_its_migrations_and_no_test(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        names = {one for one in wheel.namelist() if ".dist-info/" not in one}
        (record,) = [one for one in wheel.namelist() if one.endswith("/METADATA")]
        metadata = message_from_string(wheel.read(record).decode())
    migrations = {one.replace("alembic/", "im/migrations/", 1) for one in tracked("alembic")}
    assert names == tracked("im", "workers", "beat_schedule.py") | migrations
    assert len([one for one in migrations if "/versions/0" in one]) == int(migrate.head())
    assert (metadata["Name"], metadata["Version"]) == ("im-instances", __version__)
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert set(metadata.get_all("Provides-Extra", ())) == set(PROJECT["optional-dependencies"])
    assert "make demo" in metadata.get_payload()


def test_the_sdist_is_all_that_a_clone_is(dist: Path) -> None:
    assert tracked() - in_sdist(dist) == set()
    assert in_sdist(dist) - tracked() <= {"PKG-INFO", ".gitignore"}


def test_the_chart_carries_files_and_not_links_out_of_it(dist: Path) -> None:
    with tarfile.open(dist / f"im-{__version__}.tgz") as chart:
        alerts = chart.extractfile("im/files/alerts.yml")
        assert alerts is not None
        assert alerts.read() == (ROOT / "docs" / "monitoring" / "alerts.yml").read_bytes()
        names = {one.name for one in chart.getmembers() if one.isfile()}
    assert names == {one.replace("deploy/helm", "im", 1) for one in tracked("deploy/helm")}


def test_the_same_source_gives_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    build.build_packages(tmp_path, AT)
    build.pack_chart(tmp_path, AT)
    assert packing.write_checksums(tmp_path).read_text() == (dist / packing.CHECKSUMS).read_text()
    wheel = next(dist.glob("*.whl"))
    assert f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel.name}" in (dist / packing.CHECKSUMS).read_text()


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The Python of an environment in which two packages stand installed, one of which needs the other."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    for name, needs in (("celery", "Requires-Dist: vine\n"), ("vine", "")):
        (packages / f"{name}-5.7.0.dist-info").mkdir()
        told = f"Metadata-Version: 2.4\nName: {name}\nVersion: 5.7.0\n{needs}"
        (packages / f"{name}-5.7.0.dist-info" / "METADATA").write_text(told)
    return tmp_path / "venv" / "bin" / "python"


def test_the_bill_names_us_what_is_installed_and_what_needs_what(environment: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        sbom.describe(environment, tmp_path / name, at=AT)
    text = (tmp_path / "one").read_text()
    assert text == (tmp_path / "two").read_text()
    assert str(tmp_path) not in text
    bill = json.loads(text)
    root = bill["metadata"]["component"]
    assert (root["name"], root["version"]) == ("im-instances", __version__)
    needs = {one["ref"]: one.get("dependsOn") for one in bill["dependencies"]}
    assert needs == {root["bom-ref"]: ["celery==5.7.0"], "celery==5.7.0": ["vine==5.7.0"], "vine==5.7.0": None}
    lock = "celery==5.7.0 \\\n    --hash=sha256:aa\nvine==5.1.0 ; python_full_version < '3.12'\n"
    assert sbom.listed(text) - sbom.pinned(lock) == {("vine", "5.7.0")}
    del bill["dependencies"][0]["ref"]
    with pytest.raises(ValueError, match="no valid CycloneDX"):
        sbom.check(json.dumps(bill))


def test_what_is_not_committed_is_not_released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "_git", lambda *words: " M im/cli/main.py")
    assert build.main([str(tmp_path / "dist")]) == 1
    assert not (tmp_path / "dist").exists()


def test_each_python_that_is_said_to_be_supported_is_tried() -> None:
    said = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if "Python :: 3." in one]
    assert tuple(said) == trial.SUPPORTED
    assert trial.find(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert trial.find("3.99") is None
