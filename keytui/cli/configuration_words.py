"""What the fields of `config.toml` mean, where no dataclass says it: the words of docs/guide/configuration.md."""

from __future__ import annotations

from typing import Final

HEAD: Final = """# Configuration

Made from what reads it by `python -m keytui.cli.configuration_doc docs/guide/configuration.md`; a test keeps it true.

`config.toml` stands in keytui's home: `KEYTUI_HOME`, else the platform's data directory. `KEYTUI_CONFIG` names
another file. Without one everything has its default. A file that others may write is refused: it names commands, and
says when a key can go. A mistake is told with file, line and the word that was meant.

A duration is a text as `"30s"`, `"15m"`, `"24h"`, `"90d"`. A reference says where a secret stands: `"env:NAME"`,
`"file:PATH"`, `"command:PROGRAM ARGUMENTS"`, `"keyring:NAME"`, or `"sealed:KEY"` for a value that the vault keeps. A
path begins at the root, or with `~`. A JSON pointer is as in `"/items/0/id"`; `""` is the whole answer.
"""
TAIL: Final = """## `theme`

How the console looks: `"dark"`, `"light"`, `"high-contrast"` or `"ansi"`, as `theme = "light"` above the first table:
[everyone's terminal](accessibility.md).

## `[keymap]`

The id of a binding and its keys: [keys of your own](keymap.md).

## The environment

| variable | meaning |
|---|---|
| `KEYTUI_HOME` | The directory of everything keytui keeps: vaults, configuration |
| `KEYTUI_CONFIG` | The configuration, instead of `config.toml` there |
| `KEYTUI_PASSPHRASE_FILE` | A file with the passphrase of sealed values, which only you can read |
| `KEYTUI_PLAIN` | Not empty: plain output of every command, as `--plain` |
| `KEYTUI_THEME` | The console's theme; it goes before `theme` |
| `NO_COLOR` | Not empty: no colour |
| `TZ` | The zone of local times; UTC stands beside them |
"""
_TIMEOUT: Final = "How long one request may take"
_CREDENTIAL: Final = "Who asks: a token or password"
MEANINGS: Final[dict[str, str]] = {
    "access_key_id": "Of AWS, where its own chain of credentials is not to be used",
    "accepted": 'Statuses that say yes, as `["200"]`',
    "addresses": 'What is kept of the addresses of callers: `"full"`, `"truncated"` or `"none"`',
    "address": "Where Vault or OpenBao is, https",
    "after": "A command and its words, run once the secret is delivered",
    "after_timeout": "How long that command may take, at most 2 minutes",
    "alerts": "Where the detectors draw their lines: a table of its own, below",
    "aliases": "What stands in the label, and the `KEY:VERSION` that is meant",
    "allow_private": "Whether the address may be one of our own network",
    "authorities": "The certificates to trust instead of the system's",
    "before": 'What stands in the header before the key: `"Bearer "`, unless `header` says another',
    "burst_window": "How far back refusals count for a burst",
    "caller_declared": "Whether the label is a name that the caller gave itself",
    "caller_label": "The label that says who asked",
    "certificates": "The authorities to trust instead of the system's",
    "clock_skew": "By how much clocks may differ before a verdict is UNKNOWN",
    "command": "A program and its words; what it is told stands on its standard input",
    "create": "How a key is made: a table, [described here](issuer-rest.md)",
    "credential": _CREDENTIAL,
    "database": "Where the URL of a PostgreSQL database stands; SQLite in `directory` without it",
    "directory": "Where the vault's files are; the profile's name in keytui's home without it",
    "endpoint_url": "Another address than AWS has",
    "environment": "The environment",
    "environments": "The environments that it is for; all without it",
    "ephemeral_instances": "Whether instances that vanish are no gap",
    "errors": "Where an answer says what is wrong",
    "events": 'Of `"rotation"`, `"revocation"`, `"incident"`, `"alert"`; all without it',
    "expects": "By JSON pointer, what an accepted answer has to hold",
    "expiring": "How long before its expiry a key is `expiring`",
    "fallback": "Where a service's own value stands that it accepts besides",
    "fallback_file": "The .env file with that value",
    "fallback_variable": "The variable there",
    "field": "The field of the record; the whole record without it",
    "file": "The .env file with the allowlist",
    "files": "The .env files",
    "format": "Of the values: tk, hk, base64 or PREFIX:ALPHABET:LENGTH",
    "header": "The header that carries it; Authorization without it",
    "history": "How far back the first question goes",
    "host": "Where it listens",
    "hours": "How long usage by the hour is kept",
    "identity": "Where an item says which key it is",
    "idle": "After how long unused a key is `idle`",
    "items": "Where the list is in the answer",
    "keeps_plaintext": "Whether the platform keeps the values themselves; said on screen",
    "key": 'The record, with `{name}` for the key\'s: `"keys:{name}"`',
    "key_label": "The label that says which key",
    "keys": "The keys that it is about, by name or id; all without it",
    "list": "How keys are listed: a table, [described here](issuer-rest.md)",
    "login": "A login that gives a cookie: a table, [described here](issuer-rest.md)",
    "metric": "The counter's name",
    "minutes": "How long usage by the minute is kept",
    "most_connections": "How many connections one process holds at a time",
    "mount": "Where the KV engine is mounted",
    "namespace": "The namespace, where there are several",
    "notes": "Words about the platform, shown beside its keys",
    "overlap": "How long both versions are accepted in a rotation",
    "owner": "Who answers for keys that come from it",
    "password": "Where the password stands",
    "path": "Where it is, with `{name}`, `{environment}` and the like for the key's",
    "plaintext": "Whether it is told new secrets, and not their fingerprints alone",
    "pointer": "Where a number of refusals stands in a JSON answer",
    "port": "The port that it listens on",
    "preset": 'Where to begin: `"standard"`, `"development"` or `"strict-development"`',
    "previous": "A variable that holds the old secret as long as it is accepted",
    "production": "Whether it opens read-only until it is armed by its name",
    "profile": "A profile of AWS's own configuration",
    "read_back": "A command that prints what stands there",
    "recipients": "Whose keys open the file: ssh or age public keys",
    "refused": 'Statuses that say no, as `["401", "403"]`',
    "region": "The region of AWS",
    "reload": "A command that makes the service read its file again",
    "reload_timeout": "How long that may take",
    "repository": 'The repository, as `"example/checkout"`',
    "requests_per_address": "Requests a second of one address, in one process",
    "requests_per_token": "Requests a second with one token, in one process",
    "restore": "How a suspended key is accepted again: a table, [described here](issuer-rest.md)",
    "revoke": "How a key is revoked: a table, [described here](issuer-rest.md)",
    "roll_back": "A command that puts the old secret back",
    "rotate": "How a value is replaced in place: a table, [described here](issuer-rest.md)",
    "rotation_interval": "After how long a key is `due`",
    "secret": "The secret",
    "secret_access_key": "Beside `access_key_id`",
    "secret_id": "The secret's name in AWS, with `{name}` for the key's",
    "session_token": "Beside `access_key_id`, where it is needed",
    "severity": 'The least serious alert that is sent: `"notice"`, `"warning"` or `"critical"`',
    "single_variables": "Variables that hold one value each, and count as accepted too",
    "stale": "After how long unused a key is `stale`",
    "status_label": "The label with the status of an answer",
    "suspend": "How a key is suspended: a table, [described here](issuer-rest.md)",
    "tenant": "The tenant that keys from it belong to",
    "timeout": _TIMEOUT,
    "tls_cert": "The certificate that it shows; https needs it",
    "tls_key": "The certificate's key",
    "token": "Where the token stands",
    "tolerance": "How old the newest sample may be",
    "unknown_id": "What the platform answers for a key that it does not know",
    "url": "Where it is",
    "used": "Where an item says when it was used last",
    "user": "The user's name",
    "username": "The user's name",
    "variable": "The variable",
    "version_label": "The label that says which version",
    "workers": "How many processes serve",
}
"""By field, in whichever table it is."""
OWN: Final[dict[tuple[str, str], str]] = {
    ("[profiles.NAME] on a server", "url"): "The team's server, https",
    ("[policy.ENVIRONMENT]", "targets"): "Names or kinds of the targets that its keys may name; any without it",
    ('[issuers.NAME] kind = "rest"', "preset"): 'A platform that is known: `"payload"`, `"reserve"` or `"keytui"`',
    ('[targets.NAME] kind = "github"', "environment"): "The environment of GitHub that has the secret",
    ('[targets.NAME] kind = "github"', "secret"): "The name of the secret there",
    ('[targets.NAME] kind = "webhook"', "secret"): "What messages are signed and sealed with",
    ("[webhooks.NAME]", "secret"): "What its messages are signed with, `whsec_…`",
    ("[webhooks.NAME]", "url"): "Where it is; a reference where the address is itself a secret",
    ("[retention]", "days"): "How long usage by the day is kept",
}
"""By table and field, where it means something of its own there."""
SORTS: Final[dict[str, str]] = {
    **dict.fromkeys(("environment", "owner", "tenant", "fallback_variable", "previous", "mount", "namespace"), "text"),
    **dict.fromkeys(("variable", "path"), "text, needed"),
    **dict.fromkeys(("create", "rotate", "suspend", "restore"), "table"),
    **dict.fromkeys(("access_key_id", "secret_access_key", "session_token"), "reference"),
    **dict.fromkeys(("accepted", "refused", "single_variables", "command"), "list of texts"),
    **dict.fromkeys(("preset", "severity"), "word"),
    "timeout": "duration",
}
"""What a field is, where it is not read by its name."""
