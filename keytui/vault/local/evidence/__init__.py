"""Evidence: what sources say, how far their word reaches, and the verdict on it."""
