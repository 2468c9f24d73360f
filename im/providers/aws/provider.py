"""EC2 behind the contract: which calls each verb makes; requests, errors and readings live in their own files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.aws import checks
from im.providers.aws.adoption import Adoption
from im.providers.aws.api import sightings
from im.providers.aws.api.clients import LAUNCH, QUICK, WATCH, Clients
from im.providers.aws.api.errors import REGION_NOT_ENABLED, cloud_code, cloud_message, translated
from im.providers.aws.deadline_guard import SchedulerGuard
from im.providers.aws.iam_roles import check_lent
from im.providers.aws.launch import request as launch_request
from im.providers.aws.launch.offers import Zones
from im.providers.aws.launch.preparation import Fitting
from im.providers.aws.launch.request import Fitted
from im.providers.aws.leftovers import Leftovers
from im.providers.aws.marks import Marks
from im.providers.aws.partition import home_in
from im.providers.aws.prices import PriceListApi
from im.providers.aws.profile import PROFILE
from im.providers.aws.protection import TerminationProtection
from im.providers.aws.settings import AwsSettings
from im.providers.aws.spot import SpotRequests
from im.providers.aws.states import InstanceStatuses
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot, merge_pages
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    InvalidSpec,
    ProviderError,
    Unavailable,
    Unsupported,
)
from im.providers.kit import batch
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

_READY = {"InvalidKeyPair.NotFound": "key", "InvalidGroup.NotFound": "group"}
"""EC2's words for what somebody has deleted since we saw to it → what has to be seen to again."""
_TOKEN_USED = ("IdempotentParameterMismatch", "IdempotentInstanceTerminated")


class AwsProvider:
    """EC2 with the credentials of this process, for one deployment."""

    shelving = None  # a stop ends the bill already

    def __init__(self, settings: Settings, deployment: str, clients: Clients | None = None) -> None:
        self.capabilities = PROFILE.capabilities
        if settings.sandbox:
            # the sandbox ignores launch tokens, and shows what it made at once
            self.capabilities = replace(
                PROFILE.capabilities, idempotent_launch=False, launch_visible_within=timedelta(seconds=5)
            )
        self._deployment = deployment
        own = settings.own(AwsSettings)
        self._iam_roles = own.iam_roles
        self._tags = dict(settings.tags)
        self._clients = clients or Clients(settings)
        self._account = ("", "")
        self._fitting = Fitting(self._clients, deployment)
        self.adoption = Adoption(self._clients, deployment)
        self.deadline_guard = SchedulerGuard(self._clients, deployment, own.guard_role)
        self.leftovers = Leftovers(self._clients, deployment, self.deadline_guard)
        self.prices = PriceListApi(self._clients)
        self.marks = Marks(self._clients, deployment)
        self.protection = TerminationProtection(self._clients)
        self.spot = SpotRequests(self._clients)
        self.states = InstanceStatuses(self._clients)
        self.zones = Zones(self._clients)

    def __repr__(self) -> str:
        return f"AwsProvider(deployment={self._deployment!r})"

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The AWS account number; asked once for each set of keys, since those of a role or a profile change as time goes by."""
        key, (known_key, account) = self._clients.key_id(), self._account
        if afresh or not account or key != known_key:
            account = self._caller(scope.region)
            self._account = (key, account)
        return account

    def _caller(self, region: str) -> str:
        try:
            with translated():
                return self._clients.sts(region).get_caller_identity()["Account"]
        except (
            Forbidden
        ) as exc:  # who we are is known all the same, and what is asked of such a region is to be refused
            if cloud_code(exc) != REGION_NOT_ENABLED:
                raise
            with translated():
                return self._clients.sts(home_in(region)).get_caller_identity()["Account"]

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """RunInstances, after the image is looked up and the key imported. InvalidSpec says what would be right."""
        spec = replace(spec, tags=self._tags | dict(spec.tags))
        try:
            return self._run_afresh(scope, spec, token, slots)
        except ProviderError as exc:
            if cloud_code(exc) in _TOKEN_USED:
                found = merge_pages(self.list(scope, Filter(token=token, spec=spec))).sightings
                if found:
                    return list(found)
            better = self._explain(exc, scope, spec)
            if better is exc:
                raise
            raise better from exc

    def _run_afresh(self, scope: Scope, spec: Spec, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """Once more when what we had made ready is gone: nothing was launched then."""
        try:
            return self._run(scope, spec, token, slots)
        except InvalidSpec as exc:
            if cloud_code(exc) not in _READY:
                raise
            self._fitting.forget(*_READY.values())
        try:
            return self._run(scope, spec, token, slots)
        except InvalidSpec as exc:
            if cloud_code(exc) != "InvalidGroup.NotFound" or spec.firewall is None:
                raise
            raise Unavailable("the security group was just made, and is not known everywhere yet") from exc

    def _run(self, scope: Scope, spec: Spec, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        fitted = self._fitted(scope.region, spec)
        # fewer will do when there is no room for all; but the sandbox always makes the least, never the most
        least = 1 if self.capabilities.idempotent_launch else len(slots)
        request = launch_request.request(
            spec, fitted, deployment=self._deployment, token=token, slots=slots, least=least
        )
        with translated(mutating=True):
            answer = self._clients.ec2(scope.region, LAUNCH).run_instances(**request)
        try:
            seen = sightings.launched(answer)
        except KeyError as exc:
            raise Ambiguous(f"AWS sent an answer that cannot be read: {exc} is missing or new to us") from exc
        if not seen:
            raise Ambiguous("AWS accepted the launch and named no machine")
        made = launch_request.known_by(spec, fitted.image, fitted.root_gb, seen)
        return sorted(made, key=lambda one: one.launch_index)

    def _fitted(self, region: str, spec: Spec) -> Fitted:
        check_lent(spec, self._iam_roles)
        fitting = self._fitting
        fitting.check_spot(region, spec)
        place = fitting.place(region, spec)
        image = fitting.image(region, spec.image, spec.instance_type)
        if image.windows and not spec.public_key.startswith("ssh-rsa "):
            kind = spec.public_key.partition(" ")[0]
            raise InvalidSpec(f"{spec.image} is Windows, which takes RSA keys only, and this is {kind}")
        return Fitted(
            image=image,
            root_gb=fitting.root_gb(region, spec, image),
            key=fitting.key(region, spec),
            place=place,
            groups=fitting.groups(region, spec, place),
        )

    def _explain(self, exc: ProviderError, scope: Scope, spec: Spec) -> ProviderError:
        if isinstance(exc, Unavailable) and not self._clients.knows_region(scope.region):
            return InvalidSpec(f"AWS cannot be reached in {scope.region}, and boto3 knows no region by that name")
        if not isinstance(exc, InvalidSpec):
            return exc
        return launch_request.explain(exc, spec, self._clients.ec2(scope.region))

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """CreateTags, one call per machine. When some fail the others are labelled, and the first error is raised."""
        launch_request.label(self._clients.ec2(scope.region), {one.id: slot for one, slot in slots.items()})

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        return sightings.described(self._clients.ec2(scope.region, WATCH), [one.id for one in machines])

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """What carries our deployment's tag; terminated machines too, for about the hour that EC2 shows them."""
        filters = {f"tag:{tags.DEPLOYMENT}": [self._deployment]}
        if which.zone:
            filters["availability-zone"] = [which.zone]
        if which.token:
            filters[f"tag:{tags.LAUNCH}"] = [which.token]
        pages = sightings.snapshots(self._clients.ec2(scope.region, WATCH), filters)
        return pages if which.spec is None else self._as_the_answer_told(scope, which.spec, pages)

    def _as_the_answer_told(self, scope: Scope, spec: Spec, pages: Iterator[Snapshot]) -> Iterator[Snapshot]:
        for page in pages:
            if not page.sightings:
                yield page
                continue
            try:
                image = self._fitting.image(scope.region, spec.image, spec.instance_type)
                root_gb = self._fitting.root_gb(scope.region, spec, image)
            except ProviderError:  # the machine is what matters; its disk is asked for again
                yield page
                continue
            yield replace(page, sightings=tuple(launch_request.known_by(spec, image, root_gb, page.sightings)))

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        ec2 = self._clients.ec2(scope.region, QUICK)
        return self._change(lambda some: ec2.start_instances(InstanceIds=some), "StartingInstances", _ids(machines))

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """Unsupported for machines that cannot stop: one-time spot, or a root disk on the host."""
        ec2, ids = self._clients.ec2(scope.region, QUICK), _ids(machines)
        asleep = [one for one in ids if one in hibernate]

        def into_sleep(some: list[str]) -> Any:
            return ec2.stop_instances(InstanceIds=some, Hibernate=True)

        slept = self._change(into_sleep, "StoppingInstances", asleep) if asleep else BatchResult()
        # a machine hibernates only some minutes after its start, and when its agent is well; its deadline does not wait
        awake = {one for one, exc in slept.failed.items() if isinstance(exc, Unsupported | InvalidSpec)}
        plainly = [one for one in ids if one not in hibernate or one in awake]
        rest = self._change(lambda some: ec2.stop_instances(InstanceIds=some), "StoppingInstances", plainly)
        refused = {one: exc for one, exc in slept.failed.items() if one not in awake}
        return BatchResult({**slept.done, **rest.done}, {**refused, **rest.failed})

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """NotFound is a failure here: whether it proves the end is for the caller to judge."""
        ec2 = self._clients.ec2(scope.region, QUICK)
        return self._change(
            lambda some: ec2.terminate_instances(InstanceIds=some), "TerminatingInstances", _ids(machines)
        )

    def _change(self, call: Any, answered: str, ids: Sequence[str]) -> BatchResult:
        def change(some: list[str]) -> dict[str, Sighting]:
            with translated(mutating=True):
                answer = call(some)
            try:
                return sightings.changed(answer, answered)
            except KeyError as exc:
                raise Ambiguous(f"AWS sent an answer that cannot be read: {exc} is missing or new to us") from exc

        return batch.act(change, ids, cloud_message)

    def checks(self, scope: Scope) -> Sequence[Check]:
        here = checks.run(self._clients, scope, self.identity, self._fitting.image, self._deployment)
        return [*here, *self.deadline_guard.checks(scope)]


def _ids(machines: Sequence[Machine]) -> list[str]:
    return [one.id for one in machines]


def from_settings(settings: Settings, deployment: str, account: str) -> AwsProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    return AwsProvider(settings, deployment, Clients(settings, account))
