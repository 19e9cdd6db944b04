"""What a load needs beside a server: a seed for it, and the phones that were enrolled.

Owns: the data folder: `seed.yaml`, `api-key`, `people.ndjson`.
Never: enrols anybody. The folder holds secrets of people who do not exist, for this user alone.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_program.commands import CommandError
from shopbell_program.new_file import write_instead, write_new
from shopbell_sim.adapters.app import Enrolled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shopbell_sim.core.load_crowd import Size

_SECRET: Final = 0o600


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is enrolled: person number `person` of store number `store`, and tokens by window."""

    store: int
    person: int
    enrolled: Enrolled
    first_window: int
    id32: tuple[str, ...]
    id64: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Known(store={self.store}, person={self.person})"

    def covers(self, first: int, last: int) -> bool:
        """Whether its tokens go from window `first` to window `last`."""
        return self.first_window <= first and last < self.first_window + len(self.id64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFolder:
    """Where it all is."""

    path: Path

    @property
    def seed(self) -> Path:
        """What `shopbell-server seed` takes."""
        return self.path / "seed.yaml"

    @property
    def api_key(self) -> Path:
        """The key with which people are enrolled."""
        return self.path / "api-key"

    @property
    def people(self) -> Path:
        """One `Known` a line."""
        return self.path / "people.ndjson"

    def write_seed(self, size: Size) -> None:
        """Write the seed of so many stores, and a key if there is none. Raises CommandError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self.api_key.exists():
                write_new(self.api_key, secrets.token_hex(32).encode() + b"\n", mode=_SECRET)
            # JSON is YAML.
            seed = json.dumps(_seed(size, self.api_key.absolute()), indent=1)
            write_instead(self.seed, seed.encode())
        except OSError as error:
            raise _unusable(self.path, error) from error

    def read_key(self) -> str:
        """Return the API key, or raise CommandError."""
        try:
            return self.api_key.read_text().strip()
        except OSError as error:
            raise CommandError(
                f"{self.api_key}: {error.strerror}; make it and the seed with --write-seed first"
            ) from error

    def read_people(self) -> list[Known]:
        """Return who is enrolled; nobody if nobody was yet. Raises CommandError."""
        try:
            lines = self.people.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self.people, error) from error
        decoder = msgspec.json.Decoder(Known)
        try:
            return [decoder.decode(line) for line in lines]
        except msgspec.DecodeError as error:
            raise CommandError(
                f"{self.people}: not what an earlier load wrote; remove it, and people are enrolled anew"
            ) from error

    def write_people(self, people: Iterable[Known]) -> None:
        """Replace who is enrolled, whole or not at all. Raises CommandError."""
        encoder = msgspec.json.Encoder()
        part = self.people.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            whole = b"".join(encoder.encode(each) + b"\n" for each in people)
            write_new(part, whole, mode=_SECRET)
            part.replace(self.people)
        except OSError as error:
            raise _unusable(self.people, error) from error


def store_name(store: int) -> str:
    """Return how a store of the load is called."""
    return f"load-{store:05d}"


def edge_name(store: int, edge: int) -> str:
    """Return how an edge of it is called."""
    return f"{store_name(store)}-{edge}"


def _seed(size: Size, api_key: Path) -> dict[str, object]:
    return {
        "api_keys": [{"name": "load", "key_file": str(api_key), "scopes": ["tickets"]}],
        "stores": [
            {
                "id": store_name(store),
                "name": f"Load {store}",
                # Zones are named within their store.
                "zones": [
                    {"id": f"zone-{edge}", "name": f"Zone {edge}"} for edge in range(size.edges)
                ],
                "edges": [
                    {"id": edge_name(store, edge), "zone": f"zone-{edge}"}
                    for edge in range(size.edges)
                ],
            }
            for store in range(size.stores)
        ],
    }


def _unusable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path}: {error.strerror}; name another folder with --data")
