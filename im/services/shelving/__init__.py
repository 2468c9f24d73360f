"""Machines give way to snapshots of themselves, and come back from them."""
