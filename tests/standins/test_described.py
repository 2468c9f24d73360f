"""What the descriptions of Lambda, RunPod and Vast say of refusals and of fields, asked of their stand-ins in this process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from im.standins.lambda_cloud import Lambda
from im.standins.runpod import RunPod
from im.standins.service import Service
from im.standins.vast import Vast


class Caller:
    """Of one stand-in, whose clock goes on between two calls, so that none comes too often."""

    def __init__(self, cloud: type[Service]) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)
        self._client = Client(cloud("secret", lambda: self.now, timedelta(seconds=5)))

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        self.now += timedelta(seconds=13)
        answer = self._client.open(path, method=method, json=body, headers={"Authorization": "Bearer one.secret"})
        return answer.status_code, answer.get_json(silent=True)


def test_a_filesystem_of_lambdas_that_is_mounted_is_in_use_and_stays() -> None:
    call = Caller(Lambda)
    call("POST", "/api/v1/ssh-keys", {"name": "k", "public_key": "ssh-ed25519 AAAA"})
    made = call("POST", "/api/v1/filesystems", {"name": "data", "region": "us-west-1"})[1]["data"]
    assert made["is_in_use"] is False
    asked = {"region_name": "us-west-1", "instance_type_name": "gpu_1x_a10", "ssh_key_names": ["k"]}
    launched = call("POST", "/api/v1/instance-operations/launch", {**asked, "file_system_names": ["data"]})[1]["data"]
    assert [one["is_in_use"] for one in call("GET", "/api/v1/file-systems")[1]["data"]] == [True]
    status, said = call("DELETE", f"/api/v1/filesystems/{made['id']}")
    assert (status, said["error"]["code"]) == (400, "filesystems/filesystem-in-use")
    call("POST", "/api/v1/instance-operations/terminate", launched)
    call("GET", "/api/v1/instances")
    assert call("DELETE", f"/api/v1/filesystems/{made['id']}")[0] == 200


def test_a_key_that_is_not_there_is_not_found_in_lambdas_other_word() -> None:
    status, said = Caller(Lambda)("DELETE", f"/api/v1/ssh-keys/{1:032x}")
    assert (status, said["error"]["code"]) == (404, "global/not-found")


def test_a_pod_without_a_gpu_has_no_version_of_cuda() -> None:
    call, asked = Caller(RunPod), {"name": "n", "image": "i"}
    assert call("POST", "/v2/pods", {**asked, "cpu": {"id": "cpu3c", "vcpuCount": 4}})[1]["cudaVersion"] is None
    gpu = {"id": "NVIDIA GeForce RTX 4090", "count": 1}
    assert call("POST", "/v2/pods", {**asked, "gpu": gpu})[1]["cudaVersion"] == "12.8"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("after_token=e30%3D", "invalid_token"),
        ("select_filters=%7B", "invalid_request"),
        ('select_filters={"num_gpus":{"eq":1}}', "invalid_request"),
    ],
)
def test_a_list_that_vast_refuses_has_words_of_its_own(query: str, word: str) -> None:
    status, said = Caller(Vast)("GET", f"/api/v1/instances/?{query}")
    assert (status, said["error"]) == (400, word)
