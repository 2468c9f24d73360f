"""Clouds that run on this machine: stand-ins for real ones, with honest books. They know nothing of the rest of `im`."""
