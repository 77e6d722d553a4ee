"""Values that come back, under one passphrase."""
