"""What `im create` takes for Lambda alone."""

from __future__ import annotations

from im.providers.request import Flag

FILE_SYSTEM = "file-system"
FLAGS = (
    Flag(
        FILE_SYSTEM,
        "NAME",
        "A filesystem of Lambda's in the same region, which outlives the machine; under /lambda/nfs/NAME.",
    ),
)
