from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from shopbell_program.settings import SettingsError
from shopbell_server.seed import read_seed

if TYPE_CHECKING:
    from pathlib import Path

STORE: dict[str, Any] = {
    "id": "ams-01",
    "name": "Amsterdam",
    "zones": [{"id": "entrance", "name": "Entrance"}],
    "edges": [{"id": "door", "zone": "entrance", "scanners": {"cam0": "entrance"}}],
}
VISIT = {
    "profile": "c-1",
    "store": "ams-01",
    "edge": "door",
    "start": "2026-11-01T10:00:00Z",
    "end": "2026-11-01T10:20:00Z",
}


def written(folder: Path, **document: Any) -> Path:
    path = folder / "seed.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def faults(folder: Path, **document: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        read_seed(written(folder, **document))
    return str(raised.value)


def secret(folder: Path, text: str = "hk2QH8hUoF0zC1fWkVqTQw\n") -> str:
    path = folder / "secret"
    path.write_text(text)
    return str(path)


def test_a_whole_seed_is_read(tmp_path: Path) -> None:
    seed = read_seed(
        written(
            tmp_path,
            stores=[STORE],
            staff=[
                {
                    "id": "sam",
                    "name": "Sam",
                    "stores": ["ams-01"],
                    "password_file": secret(tmp_path),
                }
            ],
            profiles=[{"id": "c-1", "external_ids": {"loyalty_number": "2912345678901"}}],
            api_keys=[{"name": "app", "key_file": secret(tmp_path)}],
            visits=[VISIT],
        )
    )
    assert seed.stores[0].edges[0].scanners == {"cam0": "entrance"}
    assert seed.stores[0].timezone == "Europe/Amsterdam"
    assert seed.staff[0].role == "advisor"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"latitude": 52.37}, "stores[0].longitude"),
        ({"longitude": 4.89}, "stores[0].latitude"),
        ({"latitude": 91, "longitude": 4.89}, "latitude"),
        ({"latitude": 52.37, "longitude": -181}, "longitude"),
    ],
)
def test_half_a_place_on_the_map_is_none(
    tmp_path: Path, where: dict[str, float], said: str
) -> None:
    assert said in faults(tmp_path, stores=[{**STORE, **where}])


def test_an_empty_document_says_what_there_may_be(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("")
    with pytest.raises(SettingsError, match="stores, staff, profiles, api_keys, visits"):
        read_seed(tmp_path / "seed.yaml")


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"a: !!python/object:os.system x"])
def test_what_is_no_yaml_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seed.yaml").write_bytes(content)
    with pytest.raises(SettingsError):
        read_seed(tmp_path / "seed.yaml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        read_seed(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"stores": [STORE, STORE]}, '"ams-01" stands 2 times'),
        (
            {"stores": [STORE, {**STORE, "id": "utr-01"}]},
            'stores.edges: "door" stands 2 times',
        ),
        ({"stores": [{**STORE, "zones": STORE["zones"] * 2}]}, '"entrance" stands 2 times'),
        ({"stores": [{**STORE, "timezone": "Mars/Base"}]}, '"Mars/Base" is no IANA time zone'),
        ({"stores": [{**STORE, "timezone": "../etc"}]}, "is no IANA time zone"),
        (
            {"stores": [{**STORE, "edges": [{"id": "door", "zone": "attic"}]}]},
            'zone "attic" is none of store "ams-01"',
        ),
        ({"profiles": [{"id": "c-1"}, {"id": "c-1"}]}, '"c-1" stands 2 times'),
        (
            {"staff": [{"id": "sam", "name": "Sam", "stores": ["rtm-01"]}]},
            'there is no store "rtm-01" here',
        ),
        (
            {"staff": [{"id": "sam", "name": "Sam", "stores": [], "language": "xx"}]},
            'staff[0].language: "xx" is none of en, nl',
        ),
        (
            {"api_keys": [{"name": "app", "key_file": "/none/such"}]},
            'there is no file "/none/such"',
        ),
        ({"visits": [VISIT]}, "is none of the profiles here"),
        ({"profiles": [{"id": "c-1"}], "visits": [VISIT]}, 'there is no store "ams-01" here'),
        (
            {"stores": [STORE], "profiles": [{"id": "c-1"}], "visits": [{**VISIT, "edge": "till"}]},
            '"till" is none of store "ams-01"',
        ),
        (
            {
                "stores": [STORE],
                "profiles": [{"id": "c-1"}],
                "visits": [{**VISIT, "end": "2026-11-01T09:00:00Z"}],
            },
            "is before start",
        ),
        (
            {
                "stores": [STORE],
                "profiles": [{"id": "c-1"}],
                "visits": [{**VISIT, "start": "2026-11-01T10:00:00"}],
            },
            "need a zone",
        ),
        ({"shops": []}, "shops"),
    ],
)
def test_everything_wrong_is_said_with_its_place(
    tmp_path: Path, document: dict[str, Any], said: str
) -> None:
    assert said in faults(tmp_path, **document)


@pytest.mark.parametrize(("text", "said"), [("\n", "is empty"), ("", "is empty")])
def test_an_empty_secret_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """It would let in whoever sends none."""
    path = secret(tmp_path, text)
    assert said in faults(tmp_path, api_keys=[{"name": "app", "key_file": path}])


@pytest.mark.parametrize("text", ["letmein", "s" * 40, "correct horse battery staple", "k" * 129])
def test_a_key_that_can_be_guessed_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    """Its hash is found in a dump in no time, and it is as good as the one that was made for the app."""
    said = faults(tmp_path, api_keys=[{"name": "app", "key_file": secret(tmp_path, text)}])
    assert "api_keys[0].key_file" in said
    assert "openssl rand -hex 32" in said
    assert text not in said


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe")
    assert "cannot be read" in faults(tmp_path, api_keys=[{"name": "a", "key_file": str(path)}])


BEACON = {
    "id": "ams-door",
    "uuid": "7E3B4C1A-0D5F-4C2E-9A61-2F8D5B7C9E04",
    "major": 1,
    "minor": 2,
    "zone": "entrance",
}


def test_beacons_belong_to_a_store(tmp_path: Path) -> None:
    seed = read_seed(written(tmp_path, stores=[{**STORE, "beacons": [BEACON]}]))
    (beacon,) = seed.stores[0].beacons
    assert (beacon.id, beacon.major, beacon.minor, beacon.zone) == ("ams-door", 1, 2, "entrance")


def test_a_beacon_in_a_zone_that_is_not_there_is_refused(tmp_path: Path) -> None:
    text = faults(tmp_path, stores=[{**STORE, "beacons": [{**BEACON, "zone": "attic"}]}])
    assert 'stores[0].beacons[0].zone: "attic" is none of store "ams-01"' in text


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"minor": 3}, '"ams-door" stands 2 times'),
        ({"id": "other", "uuid": str(BEACON["uuid"]).lower()}, "stands 2 times"),
    ],
)
def test_a_beacon_that_stands_twice_is_refused(
    tmp_path: Path, other: dict[str, Any], named: str
) -> None:
    """Whoever hears it must know in which store it hangs."""
    stores = [{**STORE, "beacons": [BEACON, {**BEACON, **other}]}]
    assert named in faults(tmp_path, stores=stores)


FLOOR: dict[str, Any] = {
    "level": "ground",
    "extent": [0, 0, 12, 8],
    "zones": [{"zone": "entrance", "rect": [0, 0, 12, 8]}],
    "scanners": [{"edge": "door", "scanner": "hci0", "at": [1, 2, 2.5]}],
}


def test_a_floor_is_read_level_by_level(tmp_path: Path) -> None:
    upstairs = {**FLOOR, "level": "first", "scanners": [{**FLOOR["scanners"][0], "scanner": "x"}]}
    seed = read_seed(written(tmp_path, stores=[{**STORE, "floor": [FLOOR, upstairs]}]))
    assert seed.stores[0].floor is not None
    assert [each.level for each in seed.stores[0].floor] == ["ground", "first"]


def test_what_is_wrong_with_a_floor_is_said_where_it_stands(tmp_path: Path) -> None:
    lost = {**FLOOR, "zones": [{"zone": "shoes", "rect": [0, 0, 12, 8]}]}
    said = faults(tmp_path, stores=[{**STORE, "floor": [lost]}])
    assert 'stores[0].floor[0].zones[0].zone: "shoes" is none of the store' in said
    misspelt = {**FLOOR, "scanner": []}
    said = faults(tmp_path, stores=[{**STORE, "floor": [misspelt]}])
    assert "stores[0].floor[0].scanner" in said
