"""Backups: made, loaded, reconciled."""
