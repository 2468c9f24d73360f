"""The stand-in's `exec`, driven by Kubernetes' own client for Python: frames, channels, exit codes."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import partialmethod
from typing import Any

import pytest
import websocket
from kubernetes import client
from kubernetes.stream import stream

from im.standins.kubernetes import Kubernetes
from im.standins.kubernetes.cluster import CLAIMS, PODS
from im.standins.service import serving
from tests.providers.kubernetes.room import foreign_claim, foreign_pod
from tests.standins.pod_process import here


def test_the_official_client_runs_a_command_in_a_pod_and_is_told_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the `Origin` that its library sends of itself: a stand-in answers no page in a browser."""
    connect = websocket.WebSocket.connect
    monkeypatch.setattr(websocket.WebSocket, "connect", partialmethod(connect, suppress_origin=True))
    cloud = Kubernetes("secret", takes=timedelta(0))
    cluster = cloud.cluster("cluster")
    cluster.add(CLAIMS, "default", foreign_claim("box"))
    cluster.add(PODS, "default", foreign_pod("box"))
    cloud.cluster("cluster").starts = here({"PATH": os.environ["PATH"]})
    with serving(cloud) as url:
        told = client.Configuration(host=url)
        told.api_key = {"authorization": "Bearer cluster.secret"}
        api = client.CoreV1Api(client.ApiClient(told))
        how: dict[str, Any] = {"stdout": True, "stderr": True, "stdin": True, "_preload_content": False}
        command = ["/bin/sh", "-c", "read x; echo $x; echo no >&2; exit 5"]
        got = stream(api.connect_get_namespaced_pod_exec, "box-pod", "default", command=command, **how)
        got.write_stdin("hello\n")
        got.run_forever(timeout=20)
        assert (got.read_stdout(), got.read_stderr(), got.returncode) == ("hello\n", "no\n", 5)
        got.close()
        got.sock.shutdown()  # its socket stays open where the other side ended first
        api.api_client.close()
