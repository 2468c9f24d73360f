"""`make test-live-kubernetes`, as it is run at a real cluster, here at the stand-in: it ends well, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from im.standins.kubernetes import Kubernetes
from im.standins.service import serving

ROOT = Path(__file__).parents[3]


def test_the_script_runs_and_removes_its_namespace(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    # the cluster's own clock says how long something has waited, and here it runs fast
    cloud = Kubernetes("secret", lambda: began + (datetime.now(UTC) - began) * 30, timedelta(seconds=2))
    with serving(cloud) as url:
        before = {key for key in cloud.cluster("cluster").objects if key[0] in ("namespaces", "pods", "secrets")}
        said = {
            "contexts": [{"name": "lab", "context": {"cluster": "one", "user": "me"}}],
            "clusters": [{"name": "one", "cluster": {"server": url}}],
            "users": [{"name": "me", "user": {"token": "cluster.secret"}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(said))
        env = {**os.environ, "KUBECONFIG": str(tmp_path / "config"), "IM_KUBE_CONTEXT": "lab", "IM_LIVE_EVERY": "0.2"}
        command = ["pytest", "tests/live/kubernetes.py", "-m", "live", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert "6 passed" in done.stdout
        left = {key for key in cloud.cluster("cluster").objects if key[0] in ("namespaces", "pods", "secrets")}
        assert left == before
        assert cloud.cluster("cluster").all("persistentvolumeclaims", "") == []
