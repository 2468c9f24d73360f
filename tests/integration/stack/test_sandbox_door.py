"""The sandbox against strangers: a real process, asked over HTTP. Only who knows its secret gets in, and only to what it is for."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from im.domain.config.account import Account
from im.domain.config.sandbox import sandbox_at
from im.domain.scope import Scope
from im.providers import registry
from im.providers.aws.provider import AwsProvider
from im.providers.errors import Unauthenticated
from im.settings import Settings

SECRET = "a-secret-of-this-stack"
ROLE = "arn:aws:iam::111122223333:role/im"
LOOK = b"Action=DescribeInstances&Version=2016-11-15"


@dataclass
class Process:
    """`python -m im.stack.sandbox`, as the stack runs it."""

    folder: Path
    port: int = field(init=False)
    running: subprocess.Popen[str] = field(init=False)

    def start(self, port: int = 0) -> None:
        self.port = port or _free_port()
        words = [sys.executable, "-m", "im.stack.sandbox", "--port", str(self.port)]
        words += ["--state", str(self.folder / "kept")]
        environ = {**os.environ, "IM_SANDBOX_URL": self.url}
        self.running = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, cwd=self.folder)
        end = time.monotonic() + 60
        while _status(self, "GET", "/ready") != 200:
            assert self.running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)  # waiting for a process, not for an outcome

    def stop(self) -> None:
        self.running.terminate()
        self.running.wait(timeout=60)

    @property
    def url(self) -> str:
        return f"http://sandbox:{SECRET}@127.0.0.1:{self.port}"

    def client(self, service: str, secret: str = SECRET) -> Any:
        make: Any = boto3.client
        endpoint = sandbox_at(self.url).endpoint
        return make(
            service, "us-east-1", endpoint_url=endpoint, aws_access_key_id="sandbox", aws_secret_access_key=secret
        )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    made = Process(tmp_path_factory.mktemp("sandbox"))
    made.start()
    yield made
    made.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def ask(
    sandbox: Process, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str], str]:
    link = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    try:
        link.request(method, path, body or None, headers or {})
        answer = link.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode("utf-8", "replace")
    finally:
        link.close()


def _status(sandbox: Process, method: str, path: str) -> int:
    try:
        return ask(sandbox, method, path)[0]
    except OSError:
        return 0


def signed(sandbox: Process, body: bytes, service: str = "ec2", secret: str = SECRET, **more: str) -> dict[str, str]:
    """Headers of a POST as AWS' own library signs it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": f"127.0.0.1:{sandbox.port}", **more}
    request = AWSRequest("POST", f"http://127.0.0.1:{sandbox.port}/", headers=headers, data=body)
    SigV4Auth(Credentials("sandbox", secret), service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def harmful(mark: Path) -> bytes:
    """A CloudFormation template that runs a program where it is read by an unsafe loader."""
    template = f"!!python/object/apply:os.system ['touch {mark}']".replace(" ", "+")
    return f"Action=CreateStack&Version=2010-05-15&StackName=x&TemplateBody={template}".encode()


UNSIGNED = (
    "AWS4-HMAC-SHA256 Credential=x/20300101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=x"
)


def test_a_strangers_template_runs_nothing(sandbox: Process, tmp_path: Path) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": UNSIGNED}
    assert ask(sandbox, "POST", "/", form, harmful(tmp_path / "mark"))[0] == 403
    known = signed(sandbox, harmful(tmp_path / "mark"), "cloudformation")
    status, _, told = ask(sandbox, "POST", "/", known, harmful(tmp_path / "mark"))
    assert (status, "this sandbox has no CreateStack of cloudformation" in told) == (403, True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_named_in_the_form_of_its_own_client(sandbox: Process) -> None:
    with pytest.raises(ClientError, match="this sandbox has no scheduler"):
        sandbox.client("scheduler").list_schedules()
    with pytest.raises(ClientError, match="this sandbox has no GetRole of iam"):
        sandbox.client("iam").get_role(RoleName="im-guard")


@pytest.mark.parametrize("service", ["cloudformation", "s3", "iam", "lambda", "events", "moto_api", "scheduler"])
def test_of_all_that_moto_can_only_ours_is_there(sandbox: Process, service: str) -> None:
    body = b"Action=ListStacks&Version=2010-05-15"
    assert ask(sandbox, "POST", "/", signed(sandbox, body, service), body)[0] == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    ["/moto-api/", "/moto-api/data.json", "/moto-api/reset", "/latest/meta-data/", "/favicon.ico", "/", "/bucket/key",
     "/ec2_us-east-1/", "//", "/ready/"],
)  # fmt: skip
def test_no_path_but_one_answers_without_proof(sandbox: Process, method: str, path: str) -> None:
    assert ask(sandbox, method, path)[0] in (403, 404, 405)
    assert ask(sandbox, "GET", "/ready")[0] == 200


def test_a_page_in_a_browser_is_refused_even_with_the_secret(sandbox: Process) -> None:
    for origin in ("https://evil.example", f"http://127.0.0.1:{sandbox.port}", "null"):
        headers = {**signed(sandbox, LOOK), "Origin": origin}
        status, answered, _ = ask(sandbox, "POST", "/", headers, LOOK)
        assert status == 403
        assert not [name for name in answered if name.startswith("access-control-")]
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert ask(sandbox, "OPTIONS", "/", preflight)[0] == 403
    assert ask(sandbox, "GET", "/ready", {"Origin": "https://evil.example"})[0] == 403


def test_a_name_that_was_made_to_point_here_is_refused(sandbox: Process) -> None:
    headers = signed(sandbox, LOOK, Host="rebound.example")
    assert ask(sandbox, "POST", "/", headers, LOOK)[0] == 403
    assert ask(sandbox, "GET", "/ready", {"Host": "rebound.example"})[0] == 403


def test_nobody_is_invited_across_origins(sandbox: Process) -> None:
    status, answered, _ = ask(sandbox, "POST", "/", signed(sandbox, LOOK), LOOK)
    assert status == 200
    assert not [name for name in answered if name.startswith("access-control-")]


def test_the_secret_proves_the_whole_request_and_only_for_a_while(
    sandbox: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = signed(sandbox, LOOK)
    end = b"Action=TerminateInstances&Version=2016-11-15"
    assert ask(sandbox, "POST", "/", headers, end)[0] == 403
    assert ask(sandbox, "POST", "/?Action=TerminateInstances", headers, LOOK)[0] == 403
    assert ask(sandbox, "POST", "/", {**headers, "Authorization": headers["Authorization"] + "0"}, LOOK)[0] == 403
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: datetime.now(UTC) - timedelta(minutes=16))
    assert ask(sandbox, "POST", "/", signed(sandbox, LOOK), LOOK)[0] == 403


def test_what_has_no_end_is_not_read(sandbox: Process) -> None:
    assert ask(sandbox, "POST", "/", {"Content-Length": str(2**40)})[0] == 413
    assert ask(sandbox, "POST", "/", {"Content-Length": "-1"})[0] == 411
    assert ask(sandbox, "POST", "/", {"Transfer-Encoding": "chunked"})[0] == 411


def test_another_stacks_secret_is_told_as_what_it_is(sandbox: Process) -> None:
    stale = f"http://sandbox:of-another-stack@127.0.0.1:{sandbox.port}"
    for url in (stale, f"http://127.0.0.1:{sandbox.port}"):
        provider = AwsProvider(Settings(sandbox_url=url), "d")
        with pytest.raises(Unauthenticated):
            provider.identity(Scope("aws", "default", "us-east-1"))
        with pytest.raises(Unauthenticated):
            list(provider.list(Scope("aws", "default", "us-east-1")))
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        sandbox.client("ssm", "wrong").get_parameter(Name="/x")


def test_of_each_service_what_it_is_for_passes_and_no_more(sandbox: Process) -> None:
    assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert sandbox.client("ec2").describe_instances()["Reservations"] == []
    image = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"
    assert sandbox.client("ssm").get_parameter(Name=image)["Parameter"]["Value"].startswith("ami-")
    with pytest.raises(ClientError, match=r"AccessDeniedException.*no PutParameter of ssm"):
        sandbox.client("ssm").put_parameter(Name="x", Value="y", Type="String")
    with pytest.raises(ClientError, match=r"AccessDenied.*no GetSessionToken of sts"):
        sandbox.client("sts").get_session_token()


def test_a_role_is_let_in_also_by_a_sandbox_that_was_started_again(tmp_path: Path) -> None:
    own = Process(tmp_path)
    own.start()
    try:
        settings = Settings(sandbox_url=own.url, accounts=(Account("prod", "aws", {"role": ROLE}),))
        prod, scope = registry.connect("aws", settings, "d", "prod"), Scope("aws", "prod", "us-east-1")
        assert prod.identity(scope) == "111122223333"
        own.stop()
        own.start(own.port)
        assert [page.complete for page in prod.list(scope)][-1]
    finally:
        own.stop()


def test_the_secret_is_in_no_process_list_and_no_log(sandbox: Process) -> None:
    assert SECRET not in " ".join(psutil.Process(sandbox.running.pid).cmdline())
    assert SECRET not in repr(Settings(sandbox_url=sandbox.url))
    assert SECRET not in repr(sandbox_at(sandbox.url))
    assert SECRET not in json.dumps(ask(sandbox, "GET", "/ready"))
