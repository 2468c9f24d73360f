"""Looking at the cloud: facts, drift, orphans."""
