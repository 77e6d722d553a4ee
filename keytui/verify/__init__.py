"""The hot path inside a service: Verifier, usage recorder, ASGI middleware. It knows no database."""
