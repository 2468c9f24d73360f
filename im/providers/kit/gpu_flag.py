"""`--gpu`, which every cloud with GPUs takes: a word, and for Google's n1 types and clusters what stands beside a machine."""

from __future__ import annotations

from im.providers.request import Flag

FLAGS = (
    Flag(
        "gpu",
        "GPU[:NUMBER]",
        "GPUs by their word: h100, h100:8, a100-80gb. The types that have them are tried in order.",
    ),
)
