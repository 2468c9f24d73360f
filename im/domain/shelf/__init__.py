"""Machines that give way to snapshots of themselves: the rules, and what a snapshot is."""
