"""Who may come in, whose keys they see, and what a second operator must approve."""
