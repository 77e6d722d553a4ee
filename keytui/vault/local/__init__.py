"""The local vault: SQLModel on SQLite. No SQLModel object leaves this package."""
