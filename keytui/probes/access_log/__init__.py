"""Access logs as an evidence source: who sent requests with which version, as a server wrote it down."""

from __future__ import annotations

from keytui.probes.access_log.content import PipeContent
from keytui.probes.access_log.counts import FileCounts
from keytui.probes.access_log.fields import Field, parse_mapping
from keytui.probes.access_log.formats import Format
from keytui.probes.access_log.opening import source_name
from keytui.probes.access_log.probe import AccessLog

__all__ = ["AccessLog", "Field", "FileCounts", "Format", "PipeContent", "parse_mapping", "source_name"]
