"""`im create --spot` from the command line: what is said before anything happens, and what is refused with the nearest right thing."""

from __future__ import annotations
