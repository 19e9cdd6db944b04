"""Settings of what a retailer's phones, fobs and cards say. Owns: the table [retailer]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_server.config.files import RANDOM_KEY, no_key
from shopbell_server.config.shapes import Uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_program.settings import Fault


class Retailer(Struct, frozen=True, kw_only=True):
    """What this retailer's phones put on the air."""

    uuid: Uuid
    prefix: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{8}\Z",
            description="8 lower-case hexadecimal digits in quotes",
            examples=["5bb0e111"],
        ),
    ]
    power_dbm: Annotated[int, Meta(ge=-100, le=20)] = -59
    """At 1 m, for models that nobody calibrated: an iPhone's figure."""
    number_key_file: str | None = None
    """X25519 private key (32 bytes, hexadecimal) that opens sealed loyalty numbers."""
    fixed_id_key_file: str | None = None
    """Key (32 bytes, hexadecimal) under which fobs and cards are known; without it they mean nobody. With a
    new key all of them have to be registered again."""


def faults_of_retailer(retailer: Retailer) -> Iterator[Fault]:
    """Yield which files of keys hold none."""
    yield from no_key("retailer.number_key_file", retailer.number_key_file)
    yield from no_key("retailer.fixed_id_key_file", retailer.fixed_id_key_file, RANDOM_KEY)
