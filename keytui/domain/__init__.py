"""What a key is and what may happen to it. Standard library only; time, randomness and the outside come in."""
