from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_program.settings import ELSEWHERE, Fault, SettingsError, load, read


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8883
    protocol: Literal["3.1.1", "5"] = "5"


class Air(msgspec.Struct, frozen=True, tag="air", tag_field="kind"):
    adapter: str = "hci0"


class Wire(msgspec.Struct, frozen=True, tag="wire", tag_field="kind"):
    path: str


class Tree(msgspec.Struct, frozen=True):
    edge: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", description="letters in quotes")]
    broker: Broker
    quick: bool = False
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    radios: tuple[Air | Wire, ...] = ()
    names: tuple[str, ...] = ()
    waits_s: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] = (1,)
    zone: Annotated[str, msgspec.Meta(examples=["Europe/Amsterdam"])] | None = None
    code: Annotated[str, msgspec.Meta(pattern="^x$")] = "x"
    extra: Broker | None = None


def faults(document: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(document, Tree)
    return [str(each) for each in caught.value.faults]


def test_a_right_file_becomes_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(
        'edge = "door"\nnames = ["a"]\n[broker]\nhost = "here"\n'
        '[[radios]]\nkind = "air"\n[[radios]]\nkind = "wire"\npath = "/run/x"\n'
    )
    assert load(path, Tree) == Tree(
        edge="door",
        broker=Broker(host="here"),
        radios=(Air(), Wire(path="/run/x")),
        names=("a",),
    )


def test_every_fault_is_named_at_once() -> None:
    found = faults(
        {
            "edge": "DOOR",
            "broker": {"prot": 1, "port": 70000, "protocol": "4"},
            "quick": "yes",
            "share": 2,
            "radios": [{"kind": "air", "adaptor": "hci1"}, {"kind": "tin"}, {}],
            "names": [1],
            "waits_s": [],
            "zone": 1,
            "code": "y",
        }
    )
    assert found == [
        'edge: "DOOR" is not allowed; letters in quotes',
        "broker.prot: unknown key; did you mean 'port'?",
        "broker.host: missing; text in quotes",
        "broker.port: 70000 is not allowed; a whole number at least 0 and at most 65535",
        'broker.protocol: "4" is not allowed; one of "3.1.1", "5"',
        'quick: "yes" is not allowed; true or false',
        "share: 2 is not allowed; a number more than 0 and less than 1",
        "radios[0].adaptor: unknown key; did you mean 'adapter'?",
        'radios[1].kind: "tin" is not one of "air", "wire"',
        'radios[2].kind: missing; one of "air", "wire"',
        "names: [1] is not allowed; a list, each text in quotes",
        "waits_s: [] is not allowed; a list of 1 or more, each a whole number",
        'zone: 1 is not allowed; text in quotes, such as "Europe/Amsterdam"',
        'code: "y" is not allowed; text that matches ^x$',
    ]


def test_a_key_like_no_other_gets_the_list_of_those_there_are() -> None:
    assert faults({"edge": "a", "broker": {"host": "h", "zzzzzzz": 1}}) == [
        "broker.zzzzzzz: unknown key; there is: host, port, protocol"
    ]


def test_a_missing_table_says_what_belongs_in_it() -> None:
    assert faults({"edge": "a"}) == ["broker: missing; a table with host, port, protocol"]


def test_a_value_where_a_table_belongs_is_explained() -> None:
    assert faults({"edge": "a", "broker": 3}) == [
        "broker: 3 is not allowed; a table with host, port, protocol"
    ]


def test_a_value_where_tables_belong_is_told_how_they_are_written() -> None:
    (fault,) = faults({"edge": "a", "broker": {"host": "h"}, "radios": "hci0"})
    assert fault == (
        'radios: "hci0" is not allowed; tables, each under [[…]]: a table with kind = one of "air", "wire"'
    )


class Row(msgspec.Struct):
    name: str
    seats: Annotated[int, msgspec.Meta(ge=1)]
    at: tuple[int, float] = (0, 0.0)
    box: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Table(msgspec.Struct):
    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1)]
    begins: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            {"rows": [{"name": "a", "seats": 1}, {"name": "b", "seats": 0}]},
            "rows[1].seats: 0 is not allowed; a whole number at least 1",
        ),
        (
            {"rows": []},
            "rows: [] is not allowed; 1 or more tables, each under [[…]]: a table with name, seats, at, box",
        ),
        (
            {"rows": [{"name": "a", "seats": 1, "at": [1]}]},
            "rows[0].at: [1] is not allowed; a list of 2: a whole number, a number",
        ),
        (
            {"rows": [{"name": "a", "seats": 1, "box": [1, 2]}]},
            "rows[0].box: [1, 2] is not allowed; a list of 3, each a number",
        ),
        (
            {"rows": [{"name": "a", "seats": 1}], "begins": "soon"},
            'begins: "soon" is not allowed; a moment with its zone, such as 2026-11-21T09:00:00+01:00',
        ),
    ],
)
def test_tables_of_which_there_must_be_some_are_looked_at_one_by_one(
    document: dict[str, object], says: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(document, Table)
    assert [str(each) for each in refused.value.faults] == [says]


def test_a_long_value_is_shown_in_part() -> None:
    (fault,) = faults({"edge": "A" * 500, "broker": {"host": "h"}})
    assert len(fault) < 120


def test_rules_between_settings_are_asked_last() -> None:
    def check(tree: Tree) -> list[Fault]:
        return [Fault(key="share", problem="too small for this edge")] if tree.share < 1 else []

    with pytest.raises(SettingsError, match="share: too small for this edge"):
        read({"edge": "a", "broker": {"host": "h"}}, Tree, check)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"edge = ", "not TOML"),
        (b"\xff\xfe", "not TOML: byte 1 is no UTF-8"),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"#" * 1_000_001, "Is this the right file"),
        (b"edge = " + b"9" * 5000, "not TOML"),
    ],
)
def test_what_is_no_toml_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=says):
        load(path, Tree)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no such file\. Name another with --config"):
        load(tmp_path / "none.toml", Tree, elsewhere=ELSEWHERE)
    with pytest.raises(SettingsError, match=r"there is no such file\.$"):
        load(tmp_path / "none.toml", Tree)
    with pytest.raises(SettingsError, match="that is a folder"):
        load(tmp_path, Tree)


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(SettingsError, match="Is this the right file"):
        load(Path("/dev/zero"), Tree)


def test_a_name_that_no_file_has_is_a_fault_too() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(Path("a\0b"), Tree)


def test_a_tag_that_is_no_text_is_explained() -> None:
    assert faults({"edge": "a", "broker": {"host": "h"}, "radios": [{"kind": ["air"]}]}) == [
        'radios[0].kind: [\'air\'] is not one of "air", "wire"'
    ]


def test_a_number_that_python_will_not_write_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(f'edge = "a"\nshare = [0x{"f" * 5000}]\nbroker.host = "h"\n')
    with pytest.raises(SettingsError, match="share: a number with thousands of digits is not"):
        load(path, Tree)


def test_a_value_never_speaks_to_the_terminal() -> None:
    (fault,) = faults({"edge": "\x1b[2J", "broker": {"host": "h"}})
    assert "\x1b" not in fault


def test_a_file_with_nothing_right_in_it_fits_on_a_screen() -> None:
    with pytest.raises(SettingsError, match="and 950 more") as caught:
        read({f"k{number}": 1 for number in range(998)}, Tree)
    assert len(caught.value.faults) == 1000
    assert len(str(caught.value).splitlines()) == 52


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*Tree.__struct_fields__, "x"]), JSONISH))
def test_any_document_is_a_tree_or_a_list_of_faults(document: dict[str, Any]) -> None:
    try:
        outcome: Tree | tuple[Fault, ...] = read(document, Tree)
    except SettingsError as error:
        outcome = error.faults
    assert isinstance(outcome, Tree) or len(outcome) > 0
