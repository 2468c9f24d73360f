"""The rows of instances: requests, claims, observations, and what belongs to a machine."""
