"""What goes with several processes, and what does not.

Owns: what of all settings cannot work with the roles of this process, and what is not as somebody may think.
Never: a table of its own (`run`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_program.settings import Fault
from shopbell_server.config.keys import keys_url
from shopbell_server.config.run import is_whole
from shopbell_server.config.sinks import FileSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """What works with these roles, and not as somebody may think."""

    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.what}; {self.do}"


def faults_of_run(settings: Settings) -> Iterator[Fault]:
    """Yield what cannot work with these roles."""
    if settings.broker.embedded is not None and not is_whole(settings.run):
        yield Fault(
            key="run.roles",
            problem="[broker.embedded] is for one process with all roles: others cannot find it; "
            "give this one all roles, or all of them a broker beside them",
        )


def cautions_of_run(settings: Settings) -> Iterator[Caution]:
    """Yield what should be known of several processes with these settings; nothing for a single one."""
    roles = set(settings.run.roles)
    if is_whole(settings.run):
        return
    if settings.database.url.startswith("sqlite"):
        yield Caution(
            what="[database] is SQLite: a file of this machine, with one writer at a time",
            do="run all roles here, or use PostgreSQL",
        )
    elif settings.keys.vault is None and keys_url(settings.keys, settings.database).startswith(
        "sqlite"
    ):
        yield Caution(
            what="the keys are in a file of this machine: a server elsewhere could read no name",
            do="run all roles here, or use keys.url or [keys.vault]",
        )
    if "ingest" in roles and settings.broker.nats is None and settings.broker.protocol == "3.1.1":
        yield Caution(
            what='broker.protocol is "3.1.1": every process with the role ingest hears every batch',
            do='let one process have it, or share by "5" or [broker.nats]',
        )
    files = list(_files_of_jobs(settings))
    if "jobs" in roles and files:
        yield Caution(
            what=f"{', '.join(files)}: in files of this machine",
            do="let one process have the role jobs",
        )


def _files_of_jobs(settings: Settings) -> Iterator[str]:
    """Yield what the role jobs writes into files."""
    if settings.audit is not None:
        yield "audit.checkpoint_file"
        if settings.audit.report is not None:
            yield "audit.report.folder"
    for sink in settings.sinks:
        if isinstance(sink, FileSink):
            yield f'sink "{sink.name}"'
