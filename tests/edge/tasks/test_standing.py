from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from shopbell_edge.config.reading import OwnFile, read_file
from shopbell_edge.core.standing import MOST_STARTS, Book, Document
from shopbell_edge.tasks.obey import Who
from shopbell_edge.tasks.standing import begun, faults
from shopbell_program.signing import Signer, Verifier
from shopbell_wire.orders import Configure, Identify, Order, seal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = Signer(bytes(range(32)))
WHO = Who(tenant="acme", edge="door", verify=Verifier(KEY.public_key).verify)


@pytest.fixture
def own(tmp_path: Path) -> OwnFile:
    path = tmp_path / "edge.toml"
    path.write_text(
        'tenant = "acme"\nedge = "door"\n[broker]\nhost = "127.0.0.1"\n'
        '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
        f'[[radios]]\nkind = "socket"\nscanner = "air"\npath = "{tmp_path}/air"\n'
    )
    return read_file(path)


def document(
    number: int, settings: Mapping[str, Any], *, signer: Signer = KEY, **who: str
) -> Document:
    order = Order(
        tenant=who.get("tenant", "acme"),
        edge=who.get("edge", "door"),
        number=number,
        issued_ms=0,
        expires_ms=1,  # long ago: what is in force stays so
        task=Configure(settings=dict(settings)),
    )
    return Document(number=number, payload=seal(order, signer.sign))


def leaving(seconds: float) -> dict[str, Any]:
    return {"presence": {"leave_s": seconds}}


def test_without_a_document_the_file_is_in_force(own: OwnFile) -> None:
    assert begun(Book(), own, WHO, None) == (Book(), own.settings)


def test_what_was_proved_is_in_force_and_what_is_on_trial_before_it(own: OwnFile) -> None:
    book = Book(proved=document(1, leaving(200)))
    assert begun(book, own, WHO, None)[1].presence.leave_s == 200
    book = Book(proved=document(1, leaving(200)), trial=document(2, leaving(300)))
    after, settings = begun(book, own, WHO, None)
    assert settings.presence.leave_s == 300
    assert (after.starts, after.owed) == (1, ())


def test_settings_that_failed_give_way_to_the_last_good_ones(own: OwnFile) -> None:
    book = Book(proved=document(1, leaving(200)), trial=document(2, leaving(300)), starts=1)
    after, settings = begun(book, own, WHO, "the radio is gone")
    assert settings.presence.leave_s == 200
    assert [(each.number, each.result, each.reason) for each in after.owed] == [
        (2, "failed", "the radio is gone")
    ]


def test_settings_that_never_last_are_not_tried_for_ever(own: OwnFile) -> None:
    book = Book(trial=document(2, leaving(300)))
    for _ in range(MOST_STARTS):
        book, settings = begun(book, own, WHO, None)
        assert settings.presence.leave_s == 300
    book, settings = begun(book, own, WHO, None)
    assert settings == own.settings
    assert book.in_force is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (document(3, leaving(200), edge="till"), "is for another edge"),
        (document(3, leaving(200), tenant="bolt"), "is for another edge"),
        (document(3, leaving(200), signer=Signer(bytes(32))), "is not signed by the key"),
        (Document(number=3, payload=b"{"), "cannot be read any more"),
        (document(3, {"scanners": {"hci0": {}}}), "scanners.hci0: is not here; what is: air"),
        (document(3, {"presence": {"leave_s": -1, "x": 1}}), "leave_s: -1 is not allowed"),
        (document(3, {"broker": {"host": "x"}}), "broker: cannot be set from afar"),
    ],
)
def test_a_document_that_holds_no_more_is_dropped_and_said_so(
    own: OwnFile, found: Document, said: str
) -> None:
    with capture_logs() as logs:
        book, settings = begun(Book(proved=document(1, leaving(200)), trial=found), own, WHO, None)
    assert settings.presence.leave_s == 200
    assert [(each.number, each.result) for each in book.owed] == [(3, "failed")]
    assert said in book.owed[0].reason
    assert [line["event"] for line in logs] == ["settings_dropped"]


def test_a_command_in_the_place_of_settings_is_none(own: OwnFile) -> None:
    order = Order(tenant="acme", edge="door", number=3, issued_ms=0, expires_ms=1, task=Identify())
    found = Document(number=3, payload=seal(order, KEY.sign))
    assert begun(Book(proved=found), own, WHO, None)[1] == own.settings


def test_without_a_key_nothing_that_was_kept_is_in_force(own: OwnFile) -> None:
    nobody = Who(tenant="acme", edge="door", verify=None)
    book = Book(proved=document(1, leaving(200)), trial=document(2, leaving(300)))
    book, settings = begun(book, own, nobody, None)
    assert settings == own.settings
    assert [each.number for each in book.owed] == [2, 1]


def test_all_that_is_wrong_with_a_document_is_said(own: OwnFile) -> None:
    assert faults(own, leaving(200)) == []
    assert faults(own, {"broker": {}, "spool": {}}) == [
        "broker: cannot be set from afar; what can: presence, codes, sending, hours, scanners",
        "spool: cannot be set from afar; what can: presence, codes, sending, hours, scanners",
    ]
    assert len(faults(own, {"presence": {"leave_s": -1, "x": 1}, "codes": {"y": 2}})) == 3
