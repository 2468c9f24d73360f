"""DigitalOcean: droplets with flat tags, one team a token, no fence for a launch, and a bill that a stop does not end."""
