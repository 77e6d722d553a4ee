"""The remote vault: the same questions, asked of a team's server over https."""
