"""`shopbell-server audit …`: who looked and who did what, and whether that is still what was written.

Owns: what an auditor asks for and reads.
Never: what is wrong with a record (`core.audit.check`).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbell_program.commands import CommandError
from shopbell_program.signing import KEY_BYTES, Signer, Verifier
from shopbell_server.assembly import notary_of, open_database, receiver_of, secret_in
from shopbell_server.checkpoint_file import CheckpointFile, IllegibleError, read_lines
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.audit.check import Fault, Trust, check
from shopbell_server.core.ids import TenantId
from shopbell_server.operating.terminal import print_table, printable
from shopbell_server.system import SystemClock, user_name
from shopbell_server.usecases.keeping.keep_audit import (
    NotOurChainError,
    OtherSignerError,
    begin_file,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from shopbell_server.config.settings import Settings
    from shopbell_server.config.signed import Audit
    from shopbell_server.core.audit.chain import Checkpoint, Record

_MEANING = {
    Fault.CHANGED: "record {} was changed",
    Fault.MISSING: "records before {} were deleted",
    Fault.MOVED: "record {} stands in another place than it was written",
    Fault.CUT_OFF: "the records after {} were cut off",
    Fault.CUT_SHORT: "the records up to {} are gone before their time",
    Fault.REWRITTEN: "the records up to {} are not those that were signed: the chain was made anew",
    Fault.HEAD: "the chain does not end with record {}, as the database notes",
    Fault.FORGED: "the checkpoint of record {} was not signed with this key",
}


_UNSIGNED = "nothing is signed here: add a table [audit] to the settings"


def verify(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what is wrong with the record; return 1 if anything is, 0 if nothing is."""
    # Checkpoints first: one that is made meanwhile would be of more records than are read.
    checkpoints = list(
        _checkpoints(settings, arguments.checkpoints, keyed=arguments.public_key is not None)
    )
    trust = Trust(
        tenant=TenantId(settings.tenant),
        checkpoints=checkpoints,
        is_signed=_verifier(settings, arguments.public_key),
        now_ms=SystemClock().now_ms(),
    )
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        head = work.audit.head()
        checked = check(head, lambda: work.audit.records(head.base), trust)
    if arguments.json:
        findings = [{"fault": each.fault.value, "record": each.number} for each in checked.findings]
        told = {
            "records": checked.records,
            "first": head.base + 1,
            "vouched": checked.vouched,
            "findings": findings,
        }
        print(json.dumps(told))
    else:
        for each in checked.findings:
            print(_MEANING[each.fault].format(each.number))
        print(f"{checked.records} records from {head.base + 1} on, {_vouched(checked.vouched)}")
    return 1 if checked.findings else 0


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print the newest records, or those from one on, oldest first."""
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        head = work.audit.head()
        most: int = arguments.most
        after = head.number - most if arguments.start is None else arguments.start - 1
        records = work.audit.records(max(head.base, after))
        rows = [_row(each) for each in itertools.islice(records, most)]
    if arguments.json:
        print(json.dumps(rows))
        return
    if not rows:
        print(f"there is no record from {after + 1} on; the newest is {head.number}")
        return
    # Most columns are empty in most lists.
    names = [name for name in rows[0] if any(row[name] not in {None, ""} for row in rows)]
    cells = [tuple(printable(str(row[name] or "")) for name in names) for row in rows]
    print_table([tuple(name.upper() for name in names), *cells])


def public_key(settings: Settings, _: argparse.Namespace) -> None:
    """Print the public half of the key that checkpoints are signed with."""
    print(_signer(_audit(settings)).public_key.hex())


def begin(settings: Settings, _: argparse.Namespace) -> None:
    """Sign the record into the file of the settings, which counts from now on."""
    notary = notary_of(settings)
    if notary is None:
        raise CommandError(_UNSIGNED)
    actor = Actor(kind="operator", name=user_name())
    try:
        with contextlib.closing(open_database(settings)) as database:
            begun = begin_file(database, notary, SystemClock().now_ms(), actor)
    except (IllegibleError, OtherSignerError, NotOurChainError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"audit.checkpoint_file: {error.strerror}; let it be written") from None
    if begun is None:
        raise CommandError("another process signs at this moment; try again")
    print(
        f"audit.checkpoint_file counts from record {begun.number} on: name it wherever the role jobs is, "
        "and keep the one before"
    )


def _checkpoints(settings: Settings, more: list[str], *, keyed: bool) -> list[Checkpoint]:
    own = [] if settings.audit is None else [settings.audit.checkpoint_file]
    if more and settings.audit is None and not keyed:
        raise CommandError("say by which key --checkpoints are verified: --public-key FILE")
    try:
        return [each for place in (*own, *more) for each in _read(settings, place)]
    except IllegibleError as error:
        raise CommandError(f"{error}; somebody changed it. Take it from a copy") from None


def _read(settings: Settings, place: str) -> Iterator[Checkpoint]:
    if place.startswith(("https://", "http://")):
        return _read_back(settings.audit, place)
    if not Path(place).is_file():
        raise CommandError(
            f'there is no file "{place}" of checkpoints. The server makes one within ten seconds of '
            "starting with [audit]; if it did, somebody took it away: verify by a copy (--checkpoints)"
        )
    return CheckpointFile(Path(place)).all()


def _read_back(audit: Audit | None, url: str) -> Iterator[Checkpoint]:
    """Ask the receiver of the settings what it kept; of another one the token is not ours to send."""
    if audit is None or audit.checkpoint_url != url:
        raise CommandError(
            "only what stands as audit.checkpoint_url in the settings is asked for checkpoints; "
            "of another receiver give a copy of its file"
        )
    # Here, not above: everything else here does without a client for HTTP.
    from shopbell_server.cdp.checkpoint_receiver import ReceiverError  # noqa: PLC0415  # as said

    with contextlib.closing(receiver_of(audit, url)) as receiver:
        try:
            kept = receiver.kept()
        except ReceiverError as error:
            raise CommandError(
                f"the receiver of audit.checkpoint_url does not show what it kept: {error}; "
                "give a copy of its file (--checkpoints FILE)"
            ) from None
    return read_lines(io.BytesIO(kept), "the receiver's answer")


def _verifier(settings: Settings, path: Path | None) -> Callable[[bytes, bytes], bool]:
    if path is not None:
        try:
            key = bytes.fromhex(path.read_text("ascii").strip())
            return Verifier(key).verify
        except ValueError:
            raise CommandError(
                f'"{path}" holds no public key of {KEY_BYTES} bytes in hexadecimal; '
                "`shopbell-server audit public-key` prints it"
            ) from None
    if settings.audit is None:
        return lambda _signature, _message: False
    return Verifier(_signer(settings.audit).public_key).verify


def _audit(settings: Settings) -> Audit:
    if settings.audit is None:
        raise CommandError(_UNSIGNED)
    return settings.audit


def _signer(audit: Audit) -> Signer:
    return Signer(bytes.fromhex(secret_in(audit.signing_key_file)))


def _vouched(number: int | None) -> str:
    if number is None:
        return "no checkpoint: a chain that was made anew would not be noticed"
    return f"vouched for up to {number}"


def _row(record: Record) -> dict[str, Any]:
    act = record.act
    return {
        "number": record.number,
        "at": datetime.fromtimestamp(act.at_ms / 1000, UTC).isoformat(timespec="seconds"),
        "actor": act.actor.kind,
        "name": act.actor.name,
        "role": act.actor.role,
        "credential": act.actor.credential,
        "what": str(act.what),
        "person": act.person,
        "store": act.store,
        "about": act.about,
        "why": act.why,
    }
