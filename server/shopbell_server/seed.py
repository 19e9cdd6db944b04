"""What a server begins with, from one YAML file: stores, zones, edges, staff, profiles, API keys.

Owns: the shape of the file and all that can be wrong with it.
Never: writing it (`usecases.sow`).

For a first start, a demo or a test; a file may be sown again: what is there is replaced, never removed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from msgspec import Meta, Struct

from shopbell_program.settings import Fault, SettingsError, read, unreadable
from shopbell_server.catalogues import shipped
from shopbell_server.core.access.credentials import why_guessable
from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.language import Language
from shopbell_server.core.zones.plan import flaws
from shopbell_server.seed_floor import SeedLevel, plan_of
from shopbell_wire.messages import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it, as its wheels are: ten times as fast."""

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,100}\Z")]


class SeedZone(Struct, frozen=True, kw_only=True):
    """An area that staff have a word for."""

    id: Name
    name: Text


class SeedBeacon(Struct, frozen=True, kw_only=True):
    """An iBeacon that hangs in the store, for phones to hear: their apps report it."""

    id: Name
    """What it is called, in all stores."""
    uuid: Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]
    major: Annotated[int, Meta(ge=0, le=65_535)]
    minor: Annotated[int, Meta(ge=0, le=65_535)]
    zone: Name | None = None
    """Where it hangs; not said, a report says that she is in the store and no more."""


class SeedEdge(Struct, frozen=True, kw_only=True):
    """An edge and where its scanners are."""

    id: Name
    zone: Name
    """Of every scanner that `scanners` does not name."""
    scanners: dict[Name, Name] = {}
    """Zone by scanner."""
    active: bool = True


class SeedStore(Struct, frozen=True, kw_only=True):
    """A shop with its zones and edges."""

    id: Name
    name: Text
    timezone: str = "Europe/Amsterdam"
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    """Degrees north; with `longitude` it says how far the stores are from one another."""
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    zones: tuple[SeedZone, ...] = ()
    edges: tuple[SeedEdge, ...] = ()
    beacons: tuple[SeedBeacon, ...] = ()
    floor: tuple[SeedLevel, ...] | None = None
    """Its levels; left out, a zone is that of the nearest scanner, and a plan that is there stays."""


class SeedStaff(Struct, frozen=True, kw_only=True):
    """Somebody who signs in with `id` and the password that `password_file` holds."""

    id: Name
    name: Text
    role: Literal["advisor", "manager", "operator", "auditor"] = "advisor"
    stores: tuple[Name, ...]
    language: Language = "nl"
    """Of the pages that they see: one that has a catalogue."""
    password_file: str | None = None


class SeedProfile(Struct, frozen=True, kw_only=True):
    """A customer as the retailer knows her."""

    id: Id
    first_name: Text | None = None
    language: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?\Z")] | None = None
    external_ids: dict[Id, Text] = {}
    staff: bool = False


class SeedApiKey(Struct, frozen=True, kw_only=True):
    """A system that may ask for something; the key itself is in a file."""

    name: Name
    key_file: str
    scopes: Annotated[tuple[Literal["tickets", "receipts"], ...], Meta(min_length=1)] = (
        "tickets",
        "receipts",
    )
    """What it may ask for: an app backend needs `tickets`, a till `receipts`."""


class SeedVisit(Struct, frozen=True, kw_only=True):
    """A visit of the past, so that a first look is not an empty one. Known by her profile's id."""

    profile: Id
    store: Name
    edge: Name
    start: dt.datetime
    end: dt.datetime
    evidence: Literal["hint", "signal", "fresh", "pass"] = "signal"


class Seed(Struct, frozen=True, kw_only=True):
    """The whole file."""

    stores: tuple[SeedStore, ...] = ()
    staff: tuple[SeedStaff, ...] = ()
    profiles: tuple[SeedProfile, ...] = ()
    api_keys: tuple[SeedApiKey, ...] = ()
    visits: tuple[SeedVisit, ...] = ()


def read_seed(path: Path) -> Seed:
    """Return the seed in `path`, or raise SettingsError with all that is wrong."""
    try:
        document: Any = yaml.load(path.read_text(), Loader=_LOADER)  # noqa: S506  # both are safe
    except UnicodeDecodeError as error:
        problem = f"not YAML: byte {error.start + 1} is no UTF-8. Is this the right file?"
        raise SettingsError(str(path), [Fault(key="", problem=problem)]) from error
    except OSError as error:
        raise SettingsError(str(path), [Fault(key="", problem=unreadable(error))]) from error
    except yaml.YAMLError as error:
        raise SettingsError(str(path), [Fault(key="", problem=f"not YAML: {error}")]) from error
    if not isinstance(document, dict):
        problem = f"holds no table; there is: {', '.join(Seed.__struct_fields__)}"
        raise SettingsError(str(path), [Fault(key="", problem=problem)])
    return read(document, Seed, lambda seed: list(_faults(seed)), source=str(path))


def _faults(seed: Seed) -> Iterator[Fault]:
    yield from _twice((store.id for store in seed.stores), "stores")
    yield from _twice((edge.id for store in seed.stores for edge in store.edges), "stores.edges")
    beacons = [beacon for store in seed.stores for beacon in store.beacons]
    yield from _twice((each.id for each in beacons), "stores.beacons")
    yield from _twice(map(_spot, beacons), "stores.beacons")
    yield from _twice((staff.id for staff in seed.staff), "staff")
    yield from _twice((profile.id for profile in seed.profiles), "profiles")
    stores = {store.id: store for store in seed.stores}
    for index, store in enumerate(seed.stores):
        yield from _store(store, f"stores[{index}]")
    for index, staff in enumerate(seed.staff):
        for each in staff.stores:
            if each not in stores:
                yield Fault(
                    key=f"staff[{index}].stores", problem=f'there is no store "{each}" here'
                )
        if staff.language not in shipped().languages:
            problem = f'"{staff.language}" is none of {", ".join(shipped().languages)}'
            yield Fault(key=f"staff[{index}].language", problem=problem)
        yield from _file(staff.password_file, f"staff[{index}].password_file")
    for index, key in enumerate(seed.api_keys):
        yield from _key(key.key_file, f"api_keys[{index}].key_file")
    profiles = {profile.id for profile in seed.profiles}
    for index, visit in enumerate(seed.visits):
        yield from _visit(visit, f"visits[{index}]", profiles, stores)


def _store(store: SeedStore, key: str) -> Iterator[Fault]:
    try:
        ZoneInfo(store.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problem = f'"{store.timezone}" is no IANA time zone, like "Europe/Amsterdam"'
        yield Fault(key=f"{key}.timezone", problem=problem)
    if (store.latitude is None) != (store.longitude is None):
        missing = "latitude" if store.latitude is None else "longitude"
        problem = "is missing: latitude and longitude go together, or neither is given"
        yield Fault(key=f"{key}.{missing}", problem=problem)
    yield from _twice((zone.id for zone in store.zones), f"{key}.zones")
    zones = {zone.id for zone in store.zones}
    for index, edge in enumerate(store.edges):
        for zone in sorted({edge.zone, *edge.scanners.values()} - zones):
            yield Fault(
                key=f"{key}.edges[{index}]", problem=f'zone "{zone}" is none of store "{store.id}"'
            )
    for index, beacon in enumerate(store.beacons):
        if beacon.zone is not None and beacon.zone not in zones:
            problem = f'"{beacon.zone}" is none of store "{store.id}"'
            yield Fault(key=f"{key}.beacons[{index}].zone", problem=problem)
    yield from _floor(store, f"{key}.floor")


def _floor(store: SeedStore, key: str) -> Iterator[Fault]:
    if store.floor is None:
        return
    zones = [ZoneId(zone.id) for zone in store.zones]
    edges = [EdgeId(edge.id) for edge in store.edges]
    for flaw in flaws(plan_of(store.floor), zones, edges):
        yield Fault(key=f"{key}{flaw.where}", problem=flaw.problem)


def _spot(beacon: SeedBeacon) -> str:
    return f"{beacon.uuid.lower()} {beacon.major} {beacon.minor}"


def _visit(
    visit: SeedVisit, key: str, profiles: set[str], stores: dict[str, SeedStore]
) -> Iterator[Fault]:
    if visit.profile not in profiles:
        yield Fault(key=f"{key}.profile", problem="is none of the profiles here")
    store = stores.get(visit.store)
    if store is None:
        yield Fault(key=f"{key}.store", problem=f'there is no store "{visit.store}" here')
    elif visit.edge not in {edge.id for edge in store.edges}:
        yield Fault(key=f"{key}.edge", problem=f'"{visit.edge}" is none of store "{store.id}"')
    if visit.start.tzinfo is None or visit.end.tzinfo is None:
        yield Fault(key=key, problem="start and end need a zone: 2026-11-21T14:02:00Z")
    elif visit.end < visit.start:
        yield Fault(key=f"{key}.end", problem="is before start")


def _file(path: str | None, key: str) -> Iterator[Fault]:
    """Yield what is wrong with the file of a secret: an empty one would let everybody in."""
    if path is None:
        return
    try:
        secret = Path(path).read_text().strip()
    except FileNotFoundError:
        yield Fault(key=key, problem=f'there is no file "{path}"')
    except (OSError, UnicodeDecodeError):
        yield Fault(key=key, problem=f'"{path}" cannot be read as text')
    else:
        if not secret:
            yield Fault(key=key, problem=f'"{path}" is empty; it must hold a secret')


def _key(path: str, key: str) -> Iterator[Fault]:
    """Yield what is wrong with the file of an API key: one that can be guessed lets anybody in."""
    faults = list(_file(path, key))
    yield from faults
    wrong = None if faults else why_guessable(Path(path).read_text().strip())
    if wrong is not None:
        make = "make one with `openssl rand -hex 32`, or with `shopbell-server keys create`"
        yield Fault(key=key, problem=f'what is in "{path}" {wrong}; {make}')


def _twice(names: Iterable[str], key: str) -> Iterator[Fault]:
    """Yield the names that stand for more than one thing: the last would replace the others."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(key=key, problem=f'"{name}" stands {count} times; a name is for one')
