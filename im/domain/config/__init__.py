"""What a deployment is told about itself: accounts, regions, limits, policies."""
