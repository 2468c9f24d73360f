"""Google's own client of Cloud Tasks drives our stand-in: a second opinion on the queue that guards wait in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports.rest import CloudTasksRestTransport
from google.oauth2.credentials import Credentials

from im.standins.gcp import Gcp
from im.standins.service import serving

QUEUE = "projects/team-1/locations/us-central1/queues/im-guard"
ACCOUNT = "im-guard@team-1.iam.gserviceaccount.com"


@pytest.fixture
def cloud() -> Gcp:
    return Gcp("secret")


@pytest.fixture
def tasks(cloud: Gcp) -> Iterator[tasks_v2.CloudTasksClient]:
    with serving(cloud) as url:
        host = url.removeprefix("http://")
        way = CloudTasksRestTransport(host=host, credentials=Credentials(token="team-1.secret"), url_scheme="http")
        yield tasks_v2.CloudTasksClient(transport=way)


def a_task(name: str = "one", *, ahead: timedelta = timedelta(hours=1), account: str = ACCOUNT) -> tasks_v2.Task:
    url = "https://compute.googleapis.com/compute/v1/projects/team-1/zones/us-central1-a/instances/1/stop"
    token = tasks_v2.OAuthToken(service_account_email=account, scope="https://www.googleapis.com/auth/compute")
    request = tasks_v2.HttpRequest(url=url, http_method=tasks_v2.HttpMethod.POST, oauth_token=token)
    return tasks_v2.Task(name=f"{QUEUE}/tasks/{name}", schedule_time=datetime.now(UTC) + ahead, http_request=request)


def test_made_listed_and_taken_away(tasks: tasks_v2.CloudTasksClient) -> None:
    assert tasks.get_queue(name=QUEUE).state is tasks_v2.Queue.State.RUNNING
    made = tasks.create_task(parent=QUEUE, task=a_task())
    (shown,) = tasks.list_tasks(parent=QUEUE)
    assert (shown.name, shown.schedule_time) == (made.name, made.schedule_time)
    assert shown.http_request.oauth_token.service_account_email == ACCOUNT
    tasks.delete_task(name=made.name)
    assert list(tasks.list_tasks(parent=QUEUE)) == []
    with pytest.raises(NotFound):
        tasks.delete_task(name=made.name)
    with pytest.raises(Conflict, match="already exists"):
        tasks.create_task(parent=QUEUE, task=a_task())


def test_pages(tasks: tasks_v2.CloudTasksClient) -> None:
    names = [tasks.create_task(parent=QUEUE, task=a_task(f"t-{n}")).name for n in range(5)]
    assert [one.name for one in tasks.list_tasks(request={"parent": QUEUE, "page_size": 2})] == names


def test_what_is_refused(tasks: tasks_v2.CloudTasksClient, cloud: Gcp) -> None:
    with pytest.raises(BadRequest, match="too far in the future"):
        tasks.create_task(parent=QUEUE, task=a_task(ahead=timedelta(days=31)))
    with pytest.raises(Forbidden, match="actAs"):
        tasks.create_task(parent=QUEUE, task=a_task(account="nobody@team-1.iam.gserviceaccount.com"))
    cloud.project("team-1").queues.clear()
    with pytest.raises(NotFound, match="Queue does not exist"):
        tasks.create_task(parent=QUEUE, task=a_task())
    cloud.project("team-1").apis_off.add("cloudtasks.googleapis.com")
    with pytest.raises(Forbidden, match="has not been used in project") as caught:
        tasks.get_queue(name=QUEUE)
    assert caught.value.reason == "SERVICE_DISABLED"
