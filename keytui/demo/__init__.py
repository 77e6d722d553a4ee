"""A throwaway vault with a fleet worth looking at, and live traffic through the real verifier."""
