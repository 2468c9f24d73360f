"""All that one RunInstances is made of."""
