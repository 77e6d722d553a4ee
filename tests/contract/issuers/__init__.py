"""What every issuer promises, whatever system it speaks for."""
