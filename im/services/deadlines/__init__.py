"""Deadlines: enforced, held, and told beforehand."""
