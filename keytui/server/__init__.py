"""The management API: FastAPI over a local vault. It keeps no state of its own that another worker would miss."""
