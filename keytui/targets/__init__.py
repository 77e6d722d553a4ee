"""Places that a secret goes to: each a small function or class that writes it and says where it went."""
