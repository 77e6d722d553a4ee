"""Where keytui keeps what it knows: one Vault protocol, whatever stands behind it."""
