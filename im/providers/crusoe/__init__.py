"""Crusoe: GPU machines whose name is all that they carry of ours, asked for by signed requests, and made by operations."""
