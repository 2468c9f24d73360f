"""ReadTransaction at the cloud: facts, drift, orphans."""
