"""Rotations: planned, carried out, ended."""
