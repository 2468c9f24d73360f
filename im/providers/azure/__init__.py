"""Azure: virtual machines made by one PUT each, named once and never again, and a bill that only a deallocation ends."""
