"""Usage: recorded, counted, aged, forgotten, and shown by the monitor."""
