"""Worlds with a known truth, told to a real vault, and its verdicts held against that truth: docs/verdict-proof.md."""
