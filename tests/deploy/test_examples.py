"""The examples that are shipped: right, complete, and true about the defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml

from shopbell_edge.config import tables as edge_config
from shopbell_program.settings import read
from shopbell_server.config import settings as server_config
from shopbell_server.seed import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
EDGE = DEPLOY / "edge" / "edge.toml"
SERVER = DEPLOY / "server" / "server.toml"
UNCHOSEN = {
    "tenant",
    "edge",
    "host",
    "port",
    "username",
    "password_file",
    "uuid",
    "prefix",
    "cert_file",
    "key_file",
}


def document(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def default_of(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def differing(settings: msgspec.Struct, path: str = "") -> Iterator[str]:
    """Yield the keys whose value in the example is not the default."""
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            yield from differing(value, f"{path}{field.name}.")
        elif not field.required and value != default_of(field):
            yield f"{path}{field.name}"


def test_the_example_of_an_edge_is_right_and_tells_the_defaults() -> None:
    settings = read(document(EDGE), edge_config.Settings)
    assert {each.split(".")[-1] for each in differing(settings)} <= UNCHOSEN | {"radios"}
    assert list(differing(settings.radios[0])) == []


def test_the_example_of_a_server_is_right_and_tells_the_defaults() -> None:
    settings = read(document(SERVER), server_config.Settings)
    assert {each.split(".")[-1] for each in differing(settings)} <= UNCHOSEN


@pytest.mark.parametrize(
    ("path", "kind"), [(EDGE, edge_config.Settings), (SERVER, server_config.Settings)]
)
def test_every_key_stands_in_the_example(path: Path, kind: type[msgspec.Struct]) -> None:
    text = path.read_text()
    left_out = {"kind", "consume", "rules", "demo", "path", "scanner", "allow_loopback", "folder"}

    def names(struct: type[msgspec.Struct]) -> Iterator[str]:
        for field in msgspec.structs.fields(struct):
            yield field.encode_name
            for inner in structs_in(field.type):
                yield from names(inner)

    missing = {name for name in names(kind) if name not in text} - left_out
    assert missing == set()


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in getattr(kind, "__args__", ()):
        yield from structs_in(inner)


def test_the_first_store_is_a_seed() -> None:
    loaded = yaml.safe_load((DEPLOY / "server" / "first-store.yaml").read_text())
    seed = read(loaded, Seed)
    assert [edge.id for edge in seed.stores[0].edges] == ["ams01-door", "ams01-till"]
