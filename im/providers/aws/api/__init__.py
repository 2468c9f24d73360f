"""How AWS is spoken to: clients, credentials, errors, and how answers are read."""
