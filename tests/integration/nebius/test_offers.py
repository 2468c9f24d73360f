"""What Nebius offers with GPUs: the prices of its calculator, in the regions of the account's projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from im.services.money import offers
from im.standins.grpc_service import serving_grpc
from im.standins.nebius import Nebius
from tests.world import World


def test_h100s_and_h200s_are_offered_where_they_are_sold_at_the_calculators_price(database_url: str) -> None:
    cloud, world = Nebius("secret"), World(database_url)
    with serving_grpc(cloud) as url:
        told = f"nebius={url.replace('://', '://sandbox:secret@')}"
        settings = replace(world.ctx.settings, sandbox_url=told, region="")
        ctx = replace(world.ctx, settings=settings)
        cloud.tenant("default").advised["gpu-h200-sxm", "eu-west1"] = "LIMIT_REACHED"
        found = offers.offers(ctx, "h100", None, timedelta(hours=2), gives=30).found
        h200 = offers.offers(ctx, "h200:8", Decimal(30), timedelta(hours=2), gives=30).found
    world.close()
    assert [(one.instance_type, one.zones, one.room) for one in found] == [
        ("gpu-h100-sxm_1gpu-16vcpu-200gb", ("eu-north1",), None)
    ]
    assert found[0].usd_per_hour is not None
    assert found[0].usd_per_hour >= Decimal("2.95")
    assert found[0].price_source.startswith("Nebius' calculator")
    assert [(one.instance_type, one.zones) for one in h200] == [
        ("gpu-h200-sxm_8gpu-128vcpu-1600gb", ("eu-north1", "us-central1"))
    ]
