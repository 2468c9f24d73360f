"""What Google Cloud refuses, and how it is read; and what is refused before it is asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.spot import Spot
from im.providers import errors
from im.providers.contract import merge_pages
from im.providers.gcp.profile import PROFILE
from im.providers.gcp.provider import connected
from im.providers.request import Ask
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, public_key
from tests.providers.gcp.room import GcpRoom, launch

# ---- refusals --------------------------------------------------------------------------------------------------------


def test_who_asked_too_often_waits_for_the_next_minute(gcp: GcpRoom) -> None:
    gcp.clock.step(seconds=50)
    gcp.project.reads_a_minute = 0
    with pytest.raises(errors.Throttled) as told:
        merge_pages(gcp.provider.list(gcp.scope))
    assert told.value.retry_after == timedelta(seconds=10)


@pytest.mark.parametrize(
    ("status", "reason", "detail", "error", "told"),
    [
        (403, "quotaExceeded", "", errors.QuotaExceeded, "no"),
        (403, "accessNotConfigured", "SERVICE_DISABLED", errors.Forbidden, "gcloud services enable"),
        (403, "forbidden", "IAM_PERMISSION_DENIED", errors.Forbidden, "no"),
        (403, "rateLimitExceeded", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", errors.Throttled, "no"),
        (400, "resourceNotReady", "", errors.WrongState, "no"),
        (412, "conditionNotMet", "", errors.WrongState, "no"),
        (401, "authError", "", errors.Unauthenticated, "no"),
        (500, "backendError", "", errors.Ambiguous, "no"),
    ],
)
def test_what_google_says_is_read_by_its_reason(
    gcp: GcpRoom, status: int, reason: str, detail: str, error: type[errors.ProviderError], told: str
) -> None:
    (one,) = gcp.running()
    body = {"error": {"code": status, "message": "no", "errors": [{"reason": reason}], "details": [{"reason": detail}]}}
    gcp.cloud.books.plan(Fault("POST", "/stop", status, body), times=2)
    refused = gcp.provider.stop(gcp.scope, machines([one])).failed[one]
    assert type(refused) is error
    assert told in refused.message


def test_a_policy_of_the_organisation_forbids_and_is_named(gcp: GcpRoom) -> None:
    message = "Constraint constraints/compute.vmExternalIpAccess violated for project project."
    body = {"error": {"code": 412, "message": message, "errors": [{"reason": "conditionNotMet"}]}}
    gcp.cloud.books.plan(Fault("POST", "/instances", 412, body))
    with pytest.raises(errors.Forbidden, match=r"constraints/compute\.vmExternalIpAccess"):
        launch(gcp)


def test_with_a_wrong_token_nobody_is_known_and_a_new_one_is_asked_for_once(gcp: GcpRoom) -> None:
    stranger = connected(gcp.url, "project", {"Authorization": "Bearer project.wrong"}, DEPLOYMENT)
    with pytest.raises(errors.Unauthenticated):
        merge_pages(stranger.list(gcp.scope))
    assert {one.ok for one in stranger.checks(gcp.scope)} == {False}


def test_a_right_that_is_missing_is_named_by_doctor(gcp: GcpRoom) -> None:
    gcp.project.granted = {"compute.instances.list", "compute.projects.get", "compute.regions.get"}
    gcp.project.oslogin = True
    told = {one.name: one for one in gcp.provider.checks(gcp.scope)}
    assert not told["permissions"].ok
    assert "these are missing: compute.disks.create" in told["permissions"].detail
    assert "custom role" in told["permissions"].fix
    assert "OS Login" in told["login"].detail


def test_an_api_that_is_off_is_named_and_keeps_doctor_from_proving_no_more_than_rights(gcp: GcpRoom) -> None:
    detail = {"reason": "SERVICE_DISABLED", "metadata": {"service": "cloudresourcemanager.googleapis.com"}}
    body = {"error": {"code": 403, "message": "off", "errors": [{"reason": "forbidden"}], "details": [detail]}}
    gcp.cloud.books.plan(Fault("POST", ":testIamPermissions", 403, body))
    told = {one.name: one for one in gcp.provider.checks(gcp.scope)}
    assert told["permissions"].ok
    assert "not proven" in told["permissions"].detail
    gcp.cloud.books.plan(Fault("POST", "/instances", 403, body))
    with pytest.raises(errors.Forbidden, match=r"gcloud services enable cloudresourcemanager\.googleapis\.com"):
        launch(gcp)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "E2-Small"}, "did you mean e2-small"),
        ({"instance_type": "t3.nano"}, "types look like e2-small"),
        ({"zone": "us-central1"}, "add the zone's letter, like us-central1-a"),
        ({"zone": "us-central1a"}, "did you mean us-central1-a"),
        ({"zone": "us-centrall1-a"}, "did you mean us-central1-a"),
        ({"zone": "mars-north1-a"}, "CLOUDSDK_COMPUTE_REGION=mars-north1"),
        ({"hibernate": True, "instance_type": "g2-standard-4"}, "leave --hibernate out"),
        ({"spot": Spot(max_price=Decimal("0.1"))}, "leave --max-price out"),
        ({"root_disk": Disk(size_gb=5)}, "write size=10"),
        ({"root_disk": Disk(kind="gp3")}, "choose pd-standard"),
        ({"root_disk": Disk(encrypted=False)}, "leave encrypted=no out"),
        ({"volumes": (Disk(),)}, "a further disk needs a size"),
        ({"user_data": b"x" * 300_000}, "at most 192 KiB"),
        ({"image": "windows-2025"}, "no Windows machines"),
        ({"image": "ubuntu-24.4"}, "did you mean ubuntu-24.04"),
        ({"options": {"gpu": "nvidia-tesla-t4"}, "instance_type": "e2-small"}, "choose an n1 type"),
        ({"options": {"gpu": "voodoo!"}, "instance_type": "n1-standard-1"}, "names no GPU"),
        ({"options": {"gpu": "nvidia-t4"}, "instance_type": "n1-standard-1"}, "did you mean nvidia-tesla-t4"),
        ({"options": {"gpu": "nvidia-tesla-t4"}, "instance_type": "g2-standard-4"}, "brings its GPUs"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
    ],
)
def test_what_google_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region=None)
    assert told in f"{refused.value} {refused.value.hint}"
