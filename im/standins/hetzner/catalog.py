"""What Hetzner sells: locations, server types with their prices, system images. Figures of 2026-06, EUR, net."""

from __future__ import annotations

from typing import Any

LOCATIONS = {
    "fsn1": (1, "Falkenstein", "DE", "eu-central"),
    "nbg1": (2, "Nuremberg", "DE", "eu-central"),
    "hel1": (3, "Helsinki", "FI", "eu-central"),
    "ash": (4, "Ashburn, VA", "US", "us-east"),
    "hil": (5, "Hillsboro, OR", "US", "us-west"),
    "sin": (6, "Singapore", "SG", "ap-southeast"),
}
_EU, _ALL = ("fsn1", "nbg1", "hel1"), tuple(LOCATIONS)
# name: id, cores, GiB, disk GB, architecture, cpu, EUR an hour, EUR a month, where
TYPES: dict[str, tuple[int, int, float, int, str, str, str, str, tuple[str, ...]]] = {
    "cx23": (114, 2, 4, 40, "x86", "shared", "0.0056", "3.4900", _EU),
    "cx33": (115, 4, 8, 80, "x86", "shared", "0.0088", "5.4900", _EU),
    "cx43": (116, 8, 16, 160, "x86", "shared", "0.0152", "9.4900", _EU),
    "cpx22": (117, 2, 4, 80, "x86", "shared", "0.0104", "6.4900", _ALL),
    "cax11": (45, 2, 4, 40, "arm", "shared", "0.0061", "3.7900", _EU),
    "cax21": (93, 4, 8, 80, "arm", "shared", "0.0104", "6.4900", _EU),
    "ccx13": (96, 2, 8, 80, "x86", "dedicated", "0.0200", "12.4900", _ALL),
}
_IMAGES = {
    "ubuntu-24.04": ("ubuntu", "24.04", 161547269),
    "ubuntu-22.04": ("ubuntu", "22.04", 67794396),
    "debian-13": ("debian", "13", 310557660),
    "debian-12": ("debian", "12", 114690387),
    "rocky-10": ("rocky", "10", 305000010),
}
VAT = "19.000000"


def money(net: str) -> dict[str, str]:
    return {"net": f"{float(net):.10f}", "gross": f"{float(net) * (1 + float(VAT) / 100):.16f}"}


def location(name: str) -> dict[str, Any]:
    number, city, country, zone = LOCATIONS[name]
    place = {"city": city, "country": country, "latitude": 50.0, "longitude": 10.0, "network_zone": zone}
    return {"id": number, "name": name, "description": f"{city} DC Park", **place}


def server_type(name: str, lacking: frozenset[tuple[str, str]] = frozenset()) -> dict[str, Any]:
    """`lacking`: (type, location) where there is no room at present."""
    number, cores, memory, disk, architecture, cpu, hourly, monthly, where = TYPES[name]
    prices = [
        {
            "location": place,
            "price_hourly": money(hourly),
            "price_monthly": money(monthly),
            "included_traffic": 21990232555520,
            "price_per_tb_traffic": money("1.0"),
        }
        for place in where
    ]
    places = [
        {
            "id": LOCATIONS[place][0],
            "name": place,
            "deprecation": None,
            "available": (name, place) not in lacking,
            "recommended": False,
        }
        for place in where
    ]
    return {
        "id": number,
        "name": name,
        "description": name.upper(),
        "category": "cost_optimized",
        "cores": cores,
        "memory": memory,
        "disk": disk,
        "deprecated": False,
        "deprecation": None,
        "prices": prices,
        "storage_type": "local",
        "cpu_type": cpu,
        "architecture": architecture,
        "locations": places,
    }


def images() -> list[dict[str, Any]]:
    made = []
    for name, (flavor, version, number) in _IMAGES.items():
        for at, architecture in enumerate(("x86", "arm")):
            made.append(
                {
                    "id": number + at,
                    "type": "system",
                    "status": "available",
                    "name": name,
                    "description": f"{flavor} {version}",
                    "image_size": None,
                    "disk_size": 5,
                    "created": "2025-08-01T00:00:00+00:00",
                    "created_from": None,
                    "bound_to": None,
                    "os_flavor": flavor,
                    "os_version": version,
                    "rapid_deploy": True,
                    "protection": {"delete": False},
                    "deprecated": None,
                    "deleted": None,
                    "labels": {},
                    "architecture": architecture,
                }
            )
    return made


def pricing() -> dict[str, Any]:
    """As `GET /pricing` tells it."""

    def everywhere(hourly: str, monthly: str) -> list[dict[str, Any]]:
        return [{"location": one, "price_hourly": money(hourly), "price_monthly": money(monthly)} for one in LOCATIONS]

    return {
        "currency": "EUR",
        "vat_rate": VAT,
        "image": {"price_per_gb_month": money("0.0110")},
        "volume": {"price_per_gb_month": money("0.0440")},
        "server_backup": {"percentage": "20.0000000000"},
        "floating_ip": {"price_monthly": money("3.0000")},
        "floating_ips": [],
        "load_balancer_types": [],
        "primary_ips": [
            {"type": "ipv4", "prices": everywhere("0.0008", "0.5000")},
            {"type": "ipv6", "prices": everywhere("0.0000", "0.0000")},
        ],
        "server_types": [{"id": TYPES[name][0], "name": name, "prices": server_type(name)["prices"]} for name in TYPES],
    }
