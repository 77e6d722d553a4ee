"""A platform's own API for keys, described in TOML: one engine, and descriptions of the platforms that we know."""

from keytui.issuers.rest.configuration import rest_issuer

__all__ = ["rest_issuer"]
