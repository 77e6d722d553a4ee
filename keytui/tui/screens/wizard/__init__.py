"""The wizard: one rotation, step by step, from a harmless review to the proof."""
