"""Copies of a vault in SQLite: made while it is in use, and put in a lost one's place."""
