"""Incidents: what a compromised key costs, what is done about it, and what is learned."""
