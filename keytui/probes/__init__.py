"""Ways to ask the world who uses which key: access logs, counters, an issuer's own last-used field."""
