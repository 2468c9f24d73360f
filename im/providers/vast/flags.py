"""What `im create` takes for Vast alone."""

from __future__ import annotations

from im.providers.request import Flag

RELIABILITY = "reliability"
FLAGS = (
    Flag(
        RELIABILITY,
        "0.95",
        "How reliable a host of Vast's has to be, from 0 to 1 as Vast measures it; 0.98 when nothing is said.",
    ),
)
