"""Offers of GPUs as JSON, for `im offers` and for the API; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from im.domain.money.amount import exact
from im.domain.money.offer import Offer, Offers, Silent
from im.domain.spec.gpu import parse_gpus
from im.views.times import read_moment, read_utc, utc


def offers_json(told: Offers) -> dict[str, Any]:
    return {
        "asked_at": utc(told.now),
        "items": [offer_json(one) for one in told.found],
        "silent": [{"provider": one.provider, "account": one.account or None, "why": one.why} for one in told.silent],
    }


def offer_json(one: Offer) -> dict[str, Any]:
    """`room` is null where the cloud sells it and tells of no room; `answered_at` where it was not asked, or did not answer."""
    return {
        "provider": one.provider,
        "account": one.account,
        "region": one.region,
        "zones": list(one.zones),
        "room": one.room,
        "instance_type": one.instance_type,
        "gpus": str(one.gpus),
        "usd_per_hour": exact(one.usd_per_hour),
        "usd_per_gpu_hour": exact(one.usd_per_gpu),
        "usd_to_deadline": exact(one.usd_to_deadline),
        "price_source": one.price_source or None,
        "answered_at": utc(one.asked_at),
        "apart": one.apart or None,
    }


def read_offers(told: Mapping[str, Any]) -> Offers:
    silent = tuple(Silent(one["provider"], one["account"] or "", one["why"]) for one in told["silent"])
    return Offers(tuple(map(read_offer, told["items"])), silent, read_moment(told["asked_at"]))


def read_offer(told: Mapping[str, Any]) -> Offer:
    return Offer(
        *(told["provider"], told["account"], told["region"], tuple(told["zones"]), told["room"]),
        *(told["instance_type"], parse_gpus(told["gpus"])),
        _usd(told["usd_per_hour"]),
        _usd(told["usd_to_deadline"]),
        told["price_source"] or "",
        read_utc(told["answered_at"]),
        told.get("apart") or "",
    )


def _usd(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
