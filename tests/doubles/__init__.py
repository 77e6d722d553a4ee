"""Platforms as they were recorded (facts/systems.md), small enough to read: they refuse what the real ones refuse."""
