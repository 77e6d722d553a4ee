"""Keys: made, brought in, found, checked, ended."""
