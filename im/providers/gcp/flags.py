"""What `im create` takes for Google Cloud alone."""

from __future__ import annotations

from im.providers.request import Flag

FLAGS = (Flag("gpu", "TYPE[:NUMBER]", "GPUs beside an n1 type at Google Cloud, like nvidia-tesla-t4:1."),)
