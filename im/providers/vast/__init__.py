"""Vast.ai: a market of other people's hosts, where what is to be had is searched for, and taken before somebody else does."""
