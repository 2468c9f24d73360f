"""The pure core: what an instance is, what should happen to it next, and why. Standard library only; no clock, no I/O."""
