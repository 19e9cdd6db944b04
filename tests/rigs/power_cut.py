"""A disk that remembers every write and sync of SQLite, and is rebuilt as a power cut would leave it.

Owns: a VFS for the library that `sqlite3` itself uses, so that the real spool is recorded unchanged.
Everything is done by SQLite's own VFS for Unix; some of its functions are preceded by a note, or a refusal.
Never: what should be found on the rebuilt disk; the test knows what was promised.
"""

from __future__ import annotations

import _sqlite3
import ctypes
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

Loss = Literal["dropped", "subset", "torn"]
"""What becomes of writes that nobody has synced: none is there, some are, or parts of them are."""

LOSSES: Final[tuple[Loss, ...]] = ("dropped", "subset", "torn")

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""

_OK: Final = 0
_IOERR_WRITE: Final = 10 | 3 << 8
_IOERR_FSYNC: Final = 10 | 4 << 8
_IOERR_TRUNCATE: Final = 10 | 6 << 8

_POINTER: Final = ctypes.c_void_p
_OPEN: Final = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER)
_DELETE: Final = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_int)
_WRITE: Final = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, ctypes.c_int64)
_TRUNCATE: Final = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int64)
_SYNC: Final = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int)


class _Vfs(ctypes.Structure):
    """struct sqlite3_vfs of sqlite3.h; what follows xDelete is only copied."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("data", _POINTER),
        ("open", _POINTER),
        ("delete", _POINTER),
        ("rest", _POINTER * 14),
    )


class _Methods(ctypes.Structure):
    """struct sqlite3_io_methods of sqlite3.h."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("close", _POINTER),
        ("read", _POINTER),
        ("write", _POINTER),
        ("truncate", _POINTER),
        ("sync", _POINTER),
        ("rest", _POINTER * 13),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that was asked of a file. `size` is that of `truncate`, `data` lies at `offset`."""

    what: Literal["write", "truncate", "sync", "delete"]
    name: str
    offset: int = 0
    data: bytes = b""
    size: int = 0
    durable: bool = False
    """Of `delete`: whether the folder was synced."""


class RecordingDisk:
    """What SQLite did to the files in `folder`, in order; with `broken` it fails from then on."""

    def __init__(self, folder: Path) -> None:
        self.operations: list[Operation] = []
        self.broken = False
        self._folder = folder.resolve()

    def name_of(self, path: str) -> str | None:
        """Return what a file is called in the folder; None for one that is elsewhere."""
        place = Path(path)
        return place.name if place.parent == self._folder else None


class _Recorder:
    """The functions that SQLite calls; alive for as long as they are registered."""

    def __init__(self, disk: RecordingDisk, base: _Vfs) -> None:
        self._disk = disk
        self._files: dict[int, str] = {}
        self._tables: dict[int, _Methods] = {}
        self._base_open = _OPEN(base.open)
        self._base_delete = _DELETE(base.delete)
        self._own: dict[str, Any] = {
            "open": _OPEN(self._open),
            "delete": _DELETE(self._delete),
            "write": _WRITE(self._write),
            "truncate": _TRUNCATE(self._truncate),
            "sync": _SYNC(self._sync),
        }
        self._base: dict[str, Any] = {}
        self.vfs = _Vfs.from_buffer_copy(base)
        self.vfs.name = b"recording"
        self.vfs.open = self._address("open")
        self.vfs.delete = self._address("delete")

    def _address(self, name: str) -> int | None:
        return ctypes.cast(self._own[name], _POINTER).value

    def _open(self, vfs: int, path: int | None, file: int, flags: int, out: int | None) -> int:
        code: int = self._base_open(vfs, path, file, flags, out)
        place = ctypes.cast(file, ctypes.POINTER(_POINTER))
        found = place.contents.value
        if code != _OK or path is None or found is None:
            return code
        name = self._disk.name_of(ctypes.string_at(path).decode())
        if name is not None:
            self._files[file] = name
            place.contents.value = ctypes.addressof(self._noting(found))
        return code

    def _noting(self, found: int) -> _Methods:
        """Return the table `found` with three functions replaced by ours."""
        if found not in self._tables:
            table = _Methods.from_address(found)
            self._base = {
                "write": _WRITE(table.write),
                "truncate": _TRUNCATE(table.truncate),
                "sync": _SYNC(table.sync),
            }
            own = _Methods.from_buffer_copy(table)
            own.write = self._address("write")
            own.truncate = self._address("truncate")
            own.sync = self._address("sync")
            self._tables[found] = own
        return self._tables[found]

    def _delete(self, vfs: int, path: bytes, sync: int) -> int:
        name = self._disk.name_of(path.decode())
        if name is not None:
            self._disk.operations.append(Operation(what="delete", name=name, durable=bool(sync)))
        code: int = self._base_delete(vfs, path, sync)
        return code

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        if self._disk.broken:
            return _IOERR_WRITE
        self._disk.operations.append(
            Operation(
                what="write",
                name=self._files[file],
                offset=offset,
                data=ctypes.string_at(data, size),
            )
        )
        code: int = self._base["write"](file, data, size, offset)
        return code

    def _truncate(self, file: int, size: int) -> int:
        if self._disk.broken:
            return _IOERR_TRUNCATE
        self._disk.operations.append(Operation(what="truncate", name=self._files[file], size=size))
        code: int = self._base["truncate"](file, size)
        return code

    def _sync(self, file: int, flags: int) -> int:
        if self._disk.broken:
            return _IOERR_FSYNC
        self._disk.operations.append(Operation(what="sync", name=self._files[file]))
        code: int = self._base["sync"](file, flags)
        return code


@contextmanager
def recording(folder: Path) -> Iterator[RecordingDisk]:
    """Record what SQLite does in `folder`, whoever opens a database there meanwhile, until this ends.

    Every connection that was opened in between must be closed by then.
    """
    library = _library()
    find, register, unregister = (
        library.sqlite3_vfs_find,
        library.sqlite3_vfs_register,
        library.sqlite3_vfs_unregister,
    )
    find.restype = ctypes.POINTER(_Vfs)
    disk = RecordingDisk(folder)
    recorder = _Recorder(disk, find(None).contents)
    vfs = ctypes.byref(recorder.vfs)
    assert register(vfs, 1) == _OK
    try:
        yield disk
    finally:
        assert unregister(vfs) == _OK  # the one before is the default again


def _library() -> ctypes.CDLL:
    """Return the SQLite that `sqlite3` uses: the extension's own dependency, or what it was linked with."""
    library = ctypes.CDLL(_sqlite3.__file__)
    if not hasattr(library, "sqlite3_vfs_find"):
        pytest.skip("this Python's SQLite cannot be reached from outside; Debian's can")
    return library


@dataclass(slots=True)
class _File:
    """What is surely on the disk, and what was asked of it since."""

    sure: bytearray | None = None
    """None: there is no such file for sure."""
    pending: list[Operation] = field(default_factory=list)


def after_power_cut(
    operations: Sequence[Operation], loss: Loss, dice: random.Random, into: Path
) -> None:
    """Write into the empty folder `into` what a disk holds that lost its power after `operations`."""
    files: dict[str, _File] = {}
    for each in operations:
        file = files.setdefault(each.name, _File())
        match each.what:
            case "sync":
                if file.sure is None:
                    _sync_folder(files)
                file.sure = _applied(file.sure, file.pending)
                file.pending = []
            case "delete" if each.durable:
                files[each.name] = _File()
            case _:
                file.pending.append(each)
    for name, file in files.items():
        left = _applied(file.sure, _surviving(file.pending, loss, dice))
        if left is not None:
            (into / name).write_bytes(left)


def _sync_folder(files: dict[str, _File]) -> None:
    """Make every deletion sure: with the first sync of a new journal SQLite syncs the folder too."""
    for name, file in files.items():
        places = [n for n, each in enumerate(file.pending) if each.what == "delete"]
        if places:
            files[name] = _File(pending=file.pending[places[-1] + 1 :])


def _surviving(
    pending: Sequence[Operation], loss: Loss, dice: random.Random
) -> Iterator[Operation]:
    for each in pending:
        if loss == "dropped" or (loss == "subset" and dice.random() < 0.5):
            continue
        if loss == "torn" and each.what == "write":
            yield from _torn(each, dice)
        elif loss == "subset" or dice.random() < 0.5:
            yield each


def _torn(whole: Operation, dice: random.Random) -> Iterator[Operation]:
    """Yield the sectors of a write that reached the disk: any of them."""
    for start in range(0, len(whole.data), SECTOR_BYTES):
        if dice.random() < 0.5:
            yield Operation(
                what="write",
                name=whole.name,
                offset=whole.offset + start,
                data=whole.data[start : start + SECTOR_BYTES],
            )


def _applied(
    sure: bytearray | None, operations: Sequence[Operation] | Iterator[Operation]
) -> bytearray | None:
    content = None if sure is None else bytearray(sure)
    for each in operations:
        if each.what == "delete":
            content = None
            continue
        content = bytearray() if content is None else content
        if each.what == "truncate":
            del content[each.size :]
            continue
        content.extend(bytes(max(0, each.offset + len(each.data) - len(content))))
        content[each.offset : each.offset + len(each.data)] = each.data
    return content
