"""Finds secrets of a vault's keys where they should not lie: in files, in logs, in the history of git repositories."""

from keytui.probes.scan.content import PipeFile
from keytui.probes.scan.hits import Hit, Unread
from keytui.probes.scan.run import Scan

__all__ = ["Hit", "PipeFile", "Scan", "Unread"]
