"""Alerts: what is looked at, what is noted of it, and who was told."""
