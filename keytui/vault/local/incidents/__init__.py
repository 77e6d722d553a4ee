"""Incidents in the vault: opened, told, closed."""
