"""What is sold: locations with their zones, sizes, images, and list prices in USD as of 2026-02-27.

Prices of disks and addresses are made up: a stand-in has to have some.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LOCATIONS = ("eastus", "southeastasia", "westeurope", "westus2")
ZONES = ("1", "2", "3")
# size: cores, GiB, family, spot, USD an hour in eastus, its zones in every location
SIZES: dict[str, tuple[int, float, str, bool, str, tuple[str, ...]]] = {
    "Standard_B1s": (1, 1.0, "standardBSFamily", False, "0.0104", ZONES),
    "Standard_B2s": (2, 4.0, "standardBSFamily", False, "0.0416", ZONES),
    "Standard_B2pts_v2": (2, 1.0, "standardBpsv2Family", False, "0.0084", ZONES),
    "Standard_D2as_v5": (2, 8.0, "standardDASv5Family", True, "0.086", ZONES),
    "Standard_D2s_v5": (2, 8.0, "standardDSv5Family", True, "0.096", ZONES),
    "Standard_D4s_v5": (4, 16.0, "standardDSv5Family", True, "0.192", ("1", "3")),
    "Standard_E2s_v5": (2, 16.0, "standardESv5Family", True, "0.126", ZONES),
    "Standard_F2s_v2": (2, 4.0, "standardFSv2Family", True, "0.0846", ()),
}
DISKS = {
    ("Standard SSD Managed Disks", "E"): (
        ("4", "2.40"),
        ("6", "4.80"),
        ("10", "9.60"),
        ("15", "19.20"),
        ("20", "38.40"),
    ),
    ("Premium SSD Managed Disks", "P"): (
        ("4", "5.28"),
        ("6", "10.21"),
        ("10", "19.71"),
        ("15", "38.02"),
        ("20", "73.22"),
    ),
}
ADDRESS = "0.005"
IMAGES = {
    ("canonical", "ubuntu-24_04-lts", "server"): ("x64", "V2"),
    ("canonical", "ubuntu-24_04-lts", "server-arm64"): ("Arm64", "V2"),
    ("canonical", "ubuntu-24_04-lts", "server-gen1"): ("x64", "V1"),
    ("canonical", "ubuntu-26_04-lts", "server"): ("x64", "V2"),
    ("debian", "debian-12", "12-gen2"): ("x64", "V2"),
    ("debian", "debian-12", "12-arm64"): ("Arm64", "V2"),
}
VERSION = "24.04.202610010"


def size_named(name: str) -> str | None:
    """Sizes are known in any case."""
    return next((one for one in SIZES if one.lower() == name.lower()), None)


def sku(name: str, location: str, restricted: bool) -> dict[str, Any]:
    cores, memory, family, spot, _, zones = SIZES[name]
    restrictions = [
        {
            "type": "Location",
            "values": [location],
            "restrictionInfo": {"locations": [location]},
            "reasonCode": "NotAvailableForSubscription",
        }
    ]
    facts = {
        "vCPUs": str(cores),
        "MemoryGB": f"{memory:g}",
        "CpuArchitectureType": "Arm64" if "p" in name.split("_")[1][1:] else "x64",
        "HyperVGenerations": "V2" if "p" in name.split("_")[1][1:] else "V1,V2",
        "LowPriorityCapable": str(spot),
    }
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "size": name.removeprefix("Standard_"),
        "family": family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": list(zones), "zoneDetails": []}],
        "capabilities": [{"name": key, "value": value} for key, value in facts.items()],
        "restrictions": restrictions if restricted else [],
    }


def prices() -> Iterator[dict[str, Any]]:
    """Every line of the retail price list."""
    for location in LOCATIONS:
        for name, (*_, spot, usd, _zones) in SIZES.items():
            plain = name.removeprefix("Standard_").replace("_", " ")
            series = f"Virtual Machines {name.split('_')[1][0]} Series"
            yield _line(location, name, plain, plain, series, "Virtual Machines", "1 Hour", float(usd))
            yield _line(location, name, plain, plain, f"{series} Windows", "Virtual Machines", "1 Hour", float(usd) * 2)
            if spot:
                told = f"{plain} Spot"
                yield _line(location, name, told, told, series, "Virtual Machines", "1 Hour", round(float(usd) / 4, 6))
                low = f"{plain} Low Priority"
                yield _line(location, name, low, low, series, "Virtual Machines", "1 Hour", float(usd) / 5)
        for (product, letter), tiers in DISKS.items():
            for number, usd in tiers:
                tier = f"{letter}{number} LRS"
                yield _line(location, "", tier, f"{tier} Disk", product, "Storage", "1/Month", float(usd))
                yield _line(location, "", tier, f"{tier} Disk Mount", product, "Storage", "1/Month", 1.0)
        meter = "Standard IPv4 Static Public IP"
        yield _line(location, "", "Standard", meter, "IP Addresses", "Virtual Network", "1 Hour", float(ADDRESS))


def _line(
    location: str, size: str, sku_name: str, meter: str, product: str, service: str, unit: str, usd: float
) -> dict[str, Any]:
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": usd,
        "unitPrice": usd,
        "armRegionName": location,
        "location": location,
        "effectiveStartDate": "2026-02-01T00:00:00Z",
        "meterName": meter,
        "productName": product,
        "skuName": sku_name,
        "serviceName": service,
        "unitOfMeasure": unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": size,
    }
