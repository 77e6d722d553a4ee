"""What `keytui doctor` looks at of a vault and its configuration. Nothing is changed, and nothing secret is told."""
