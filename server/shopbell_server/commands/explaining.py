"""What an operator reads where a command could not go on: what, where, and what to look at.

Owns: which exceptions are somebody's to mend. Never: hides a fault of ours; that one goes on as it is.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.settings import SettingsError
from shopbell_program.whereabouts import leaf_of
from shopbell_server.ingest.embedded_broker import BrokerFailedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


@contextmanager
def told(arguments: argparse.Namespace) -> Iterator[None]:
    """Make an error of what an operator can mend, and raise all others as they are."""
    try:
        yield
    except (CommandError, SettingsError, UsageError, BrokenPipeError):
        raise
    except Exception as error:
        said = _said(leaf_of(error), arguments)
        if said is None:
            raise
        raise CommandError(said) from None


def _said(error: BaseException, arguments: argparse.Namespace) -> str | None:
    """Return what an operator reads: what, where, and what to look at; None for a fault of ours."""
    # Here, not above: where one of these was raised, what it takes is loaded already.
    from shopbell_server.assembly import CannotListenError  # noqa: PLC0415  # as said
    from shopbell_server.bootstrap import UnknownStaffError  # noqa: PLC0415  # as said
    from shopbell_server.db.engine import DatabaseAddressError  # noqa: PLC0415  # as said
    from shopbell_server.db.key_pairing import OtherKeysError  # noqa: PLC0415  # as said
    from shopbell_server.db.key_store import KeysNotPreparedError  # noqa: PLC0415  # as said
    from shopbell_server.db.migrate import (  # noqa: PLC0415  # as said
        DatabaseTooNewError,
        DatabaseTooOldError,
    )
    from shopbell_server.db.row_security import TenantNotToldError  # noqa: PLC0415  # as said
    from shopbell_server.ingest.account import (  # noqa: PLC0415  # as said
        BrokerCertificatesError,
    )
    from shopbell_server.ingest.courier import BrokerUnreachableError  # noqa: PLC0415  # as said
    from shopbell_server.ports.database import (  # noqa: PLC0415  # as said
        DatabaseBusyError,
        DatabaseLostError,
    )
    from shopbell_server.ports.keys import KeysLostError  # noqa: PLC0415  # as said
    from shopbell_server.usecases.intake.orders import UnknownEdgeError  # noqa: PLC0415  # as said

    match error:
        case UnknownEdgeError():
            return f'there is no edge "{error}"; `shopbell-server edge list` shows which there are'
        case BrokerUnreachableError():
            return f"{error}; see [broker] in {arguments.config}"
        case DatabaseLostError() | DatabaseAddressError() | TenantNotToldError():
            table = "keys" if isinstance(error, KeysLostError) else "database"
            return f"{error}; see [{table}] in {arguments.config}"
        case (
            DatabaseBusyError()
            | DatabaseTooNewError()
            | DatabaseTooOldError()
            | BrokerCertificatesError()
            | BrokerFailedError()
            | CannotListenError()
            | KeysNotPreparedError()
            | OtherKeysError()
            | UnknownStaffError()
        ):
            return str(error)
        case OSError():
            where = "" if error.filename is None else f'"{error.filename}": '
            to_do = _TO_DO.get(error.errno or 0, "")
            return f"cannot go on: {where}{error.strerror or error}{to_do}"
        case _:
            return None


_TO_DO: Final = {
    errno.ENOSPC: ". Make room on that disk",
    errno.EROFS: ". That disk is mounted read-only: `dmesg` may say why",
    errno.EACCES: ". Run this as the server's user, or give it that place",
    errno.EEXIST: ". That is a file: name a folder",
    errno.ENOTDIR: ". A part of that path is a file: name a folder",
}
"""Where plain: of files that commands open by themselves, not of those that settings name."""
