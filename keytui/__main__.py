"""`python -m keytui` is `keytui`."""

from __future__ import annotations

import sys

from keytui.cli.entry import main

sys.exit(main())
