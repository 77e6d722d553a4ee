"""Systems that accept or refuse a key: small classes of one Protocol, found through entry points."""
