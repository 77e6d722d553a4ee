"""Detectors of alerts: pure functions, what is known in, signals out. One file a family.

Each takes facts in any order and the policies, whose thresholds are those of the fact's environment. What several
facts of one environment have in common comes out as one signal once there are too many to read: see `folding`.
"""
