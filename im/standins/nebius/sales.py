"""What is sold, where there is room, and what it would cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nebius.api.nebius.billing.v1alpha1 import (
    CostBreakdown,
    EstimateRequest,
    EstimateResponse,
    GeneralTotalCost,
    ResourceGroupCost,
)
from nebius.api.nebius.capacity.v1 import (
    ComputeInstanceDetails,
    ComputeInstanceDetails__Preset,
    ListResourceAdviceRequest,
    ListResourceAdviceResponse,
    ResourceAdvice,
    ResourceAdviceSpec,
    ResourceAdviceStatus,
    ResourceAdviceStatus__Availability,
    ResourceAdviceStatus__Availability__AvailabilityLevel,
)
from nebius.api.nebius.common.v1 import ResourceMetadata
from nebius.api.nebius.compute.v1 import (
    DiskSpec__DiskType,
    ListPlatformsRequest,
    ListPlatformsResponse,
    Platform,
    PlatformSpec,
    Preset,
    PresetResources,
)

from im.standins.nebius import catalog
from im.standins.nebius.errors import forbidden, invalid
from im.standins.nebius.pages import page
from im.standins.nebius.tenant import Tenant

if TYPE_CHECKING:
    from im.standins.nebius.service import Nebius

_MONTH = 720
"""Hours of a month of Nebius'."""


def register(service: Nebius) -> None:
    service.reads("compute.v1.PlatformService/List", ListPlatformsRequest, platforms)
    service.reads("capacity.v1.ResourceAdviceService/List", ListResourceAdviceRequest, advice)
    service.reads("billing.v1alpha1.CalculatorService/Estimate", EstimateRequest, estimate)


def platforms(tenant: Tenant, asked: Any) -> Any:
    region = tenant.region_of(asked.parent_id)
    found: dict[str, list[Preset]] = {}
    for one in catalog.PRESETS.values():
        if region in one.regions:
            size = PresetResources(vcpu_count=one.vcpus, memory_gibibytes=one.gib, gpu_count=one.gpus)
            found.setdefault(one.platform, []).append(Preset(name=one.name, resources=size))
    told = [
        Platform(metadata=ResourceMetadata(id=f"computeplatform-{name}", name=name), spec=PlatformSpec(presets=presets))
        for name, presets in found.items()
    ]
    return page(told, asked, ListPlatformsResponse)


def advice(tenant: Tenant, asked: Any) -> Any:
    """Of GPUs alone."""
    if asked.parent_id != tenant.id or not tenant.advises:
        raise forbidden(asked.parent_id)
    levels = ResourceAdviceStatus__Availability__AvailabilityLevel
    told = []
    for one in catalog.PRESETS.values():
        for region in one.regions if one.gpus else ():
            level = levels[f"AVAILABILITY_LEVEL_{tenant.advised.get((one.platform, region), 'HIGH')}"]
            there = ResourceAdviceStatus__Availability(availability_level=level)
            preset = ComputeInstanceDetails__Preset(name=one.name)
            details = ComputeInstanceDetails(platform=one.platform, preset=preset)
            spec = ResourceAdviceSpec(region=region, fabric="fabric-1", compute_instance=details)
            told.append(ResourceAdvice(spec=spec, status=ResourceAdviceStatus(on_demand=there)))
    return page(told, asked, ListResourceAdviceResponse)


def estimate(tenant: Tenant, asked: Any) -> Any:
    spec = asked.resource_spec
    if spec.compute_instance_spec is not None:
        resources = spec.compute_instance_spec.spec.resources
        sold = catalog.PRESETS.get((resources.platform, resources.preset or ""))
        if sold is None:
            raise invalid("resource_spec", "no such platform and preset")
        hourly = Decimal(sold.usd)
    elif spec.compute_disk_spec is not None:
        disk = spec.compute_disk_spec.spec
        monthly = catalog.MONTHLY.get(DiskSpec__DiskType(disk.type).name)
        if monthly is None:
            raise invalid("resource_spec", "no price of this type of disk")
        hourly = Decimal(monthly) * (disk.size_gibibytes or 0) / _MONTH
    else:
        raise invalid("resource_spec", "nothing that costs")
    return EstimateResponse(hourly_cost=_cost(hourly), monthly_cost=_cost(hourly * _MONTH))


def _cost(usd: Decimal) -> ResourceGroupCost:
    told = CostBreakdown(cost=f"{usd:f}", cost_rounded=f"{usd:.2f}")
    return ResourceGroupCost(general=GeneralTotalCost(total=told))
