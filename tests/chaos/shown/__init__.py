"""Clouds beside EC2 as they really are, behind their APIs: what there is, and hands that move it."""

from __future__ import annotations

from collections.abc import Mapping

from im.standins import azure as azure_standin
from im.standins import crusoe as crusoe_standin
from im.standins import digitalocean as digitalocean_standin
from im.standins import gcp as gcp_standin
from im.standins import hetzner as hetzner_standin
from im.standins import kubernetes as kubernetes_standin
from im.standins import lambda_cloud as lambda_standin
from im.standins import nebius as nebius_standin
from im.standins import runpod as runpod_standin
from im.standins import vast as vast_standin
from im.standins.grpc_service import GrpcService
from im.standins.service import Service
from tests.chaos.shown.azure import Azure
from tests.chaos.shown.crusoe import Crusoe
from tests.chaos.shown.digitalocean import DigitalOcean
from tests.chaos.shown.gcp import Gcp
from tests.chaos.shown.hetzner import Hetzner
from tests.chaos.shown.kubernetes import Kubernetes
from tests.chaos.shown.lambda_cloud import Lambda
from tests.chaos.shown.nebius import Nebius
from tests.chaos.shown.runpod import RunPod
from tests.chaos.shown.vast import Vast
from tests.chaos.shown.world import ACCOUNT, RUNNING, Seen, Shown, meant

__all__ = ["ACCOUNT", "BY_GRPC", "KINDS", "PACED", "RUNNING", "Seen", "Shown", "meant"]

KINDS: Mapping[str, tuple[type[Service], type[Shown]]] = {
    "azure": (azure_standin.Azure, Azure),
    "crusoe": (crusoe_standin.Crusoe, Crusoe),
    "digitalocean": (digitalocean_standin.DigitalOcean, DigitalOcean),
    "gcp": (gcp_standin.Gcp, Gcp),
    "hetzner": (hetzner_standin.Hetzner, Hetzner),
    "kubernetes": (kubernetes_standin.Kubernetes, Kubernetes),
    "runpod": (runpod_standin.RunPod, RunPod),
}
BY_GRPC: Mapping[str, tuple[type[GrpcService], type[Shown]]] = {"nebius": (nebius_standin.Nebius, Nebius)}
"""Those before which no door for HTTP can stand."""
PACED: Mapping[str, tuple[type[Service], type[Shown]]] = {
    "lambda": (lambda_standin.Lambda, Lambda),
    "vast": (vast_standin.Vast, Vast),
}
"""Those whose calls have to be seconds apart: a call that waits lets the case's time pass."""
