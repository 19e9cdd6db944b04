"""An operator orders an edge about: real server, broker, edge, command line; and somebody has the broker."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from shopbell_program.signing import Signer
from shopbell_wire.orders import Configure, Identify, kind_of, seal
from tests.e2e.fleet import IBEACON, TOKEN, Fleet, fleet_of
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(240)  # a broker, a server and an edge start first


@pytest.fixture
async def fleet(shop: Shop) -> AsyncIterator[Fleet]:
    async with fleet_of(shop) as fleet:
        yield fleet


async def test_settings_from_afar_are_in_force_and_last(each_shop: Shop) -> None:
    async with fleet_of(each_shop) as fleet:
        await fleet.passes_by(28)
        await until("the first stream began", lambda: fleet.tap.streams() == 1)
        assert (await fleet.door())["in_force"] is None
        said = await fleet.configure(
            "[scanners.air]\nenter_loss_db = 35\nleave_loss_db = 45\n", "--by", "jo", "--wait", "60"
        )
        assert "done: in force" in said
        door = await fleet.door()
        last = await fleet.last()
        assert (last["result"], last["by"], last["order"]) == ("done", "jo", "configure")
        assert door["state"] == "online"
        assert door["in_force"] == last["number"]
        assert door["last_order"]["number"] == last["number"]
        assert set(door["scanners"]) == {"air", "other-air"}
        assert abs(door["since_ms"] - time.time() * 1000) < 100_000
        # At 28 dB nobody is in by the file, and everybody by the new settings; but at that radio only.
        assert fleet.tap.phases("air") == []
        await fleet.passes_by(28, "other-air")
        await fleet.passes_by(28)
        await until("she is in", lambda: "entered" in fleet.tap.phases("air"))
        assert fleet.tap.phases("other-air") == []
        # The process may end; the settings stay.
        fleet.edge.kill()
        fleet.edge.start()
        await fleet.edge.works()
        assert (await fleet.door())["in_force"] == last["number"]
        assert fleet.tap.answers(last["number"]) == [("done", "in force")]
        text = await fleet.command("list")
        assert f"number {last['number']}" in text
        assert "Kalverstraat (ams01)  online since" in text


async def test_a_bad_document_is_refused_with_all_its_faults_and_the_old_one_stays(
    fleet: Fleet,
) -> None:
    await fleet.configure("[presence]\nenter_loss_db = 18\n", "--wait", "60")
    good = await fleet.last()
    said = await fleet.configure(
        "[presence]\nenter_loss_db = 999\nleave_sec = 3\n[scanners.hci9]\noffset_db = 1\n",
        "--wait", "60", code=1,
    )  # fmt: skip
    assert "refused" in said
    assert "scanners.hci9: is not here; what is: air, other-air" in said
    said = await fleet.configure(
        "[presence]\nenter_loss_db = 999\nleave_sec = 3\n", "--wait", "60", code=1
    )
    assert "presence.enter_loss_db: 999 is not allowed" in said
    assert "presence.leave_sec: unknown key; did you mean 'leave_s'?" in said
    door = await fleet.door()
    assert door["in_force"] == good["number"]
    # What no edge lets be set is not even sent.
    said = await fleet.configure('[broker]\nhost = "elsewhere"\n', code=2)
    assert "broker: cannot be set from afar" in said
    assert (await fleet.last())["result"] == "refused"


async def test_whoever_has_the_broker_has_not_the_edge(fleet: Fleet) -> None:
    tap = fleet.tap
    first = fleet.order(Identify(), 10)
    replayed = seal(first, fleet.key.sign)
    forger = Signer(bytes(32))
    spying = Configure(settings={"presence": {"enter_loss_db": 90}})
    for number, order, sign in (
        (11, fleet.order(spying, 11), forger.sign),
        (12, fleet.order(spying, 12, edge="desk"), fleet.key.sign),
        (13, fleet.order(spying, 13, tenant="bolt"), fleet.key.sign),
    ):
        tap.say(kind_of(order.task), seal(order, sign))
        result, reason = await tap.answer(number)
        assert result == "refused", reason
    tap.say("command", replayed)
    # It is obeyed, as far as this machine can: it has neither a lamp nor a bell.
    assert (await tap.answer(10))[0] == "failed"
    for _ in range(3):
        tap.say("command", replayed)
    late = fleet.order(Identify(), 20, issued_ms=1, expires_ms=2)
    tap.say("command", seal(late, fleet.key.sign))
    assert await tap.answer(20) == ("refused", "has expired")
    lasting = fleet.order(Identify(), 21, expires_ms=253_402_300_799_999)
    tap.say("command", seal(lasting, fleet.key.sign))
    assert await tap.answer(21) == ("refused", "lives longer than 5 minutes, which none may")
    old = fleet.order(Identify(), 9)
    tap.say("command", seal(old, fleet.key.sign))
    assert await tap.answer(9) == ("refused", "number 9 is not above 21")
    # A command under the topic of settings is none, and neither is nonsense.
    tap.say("config", seal(fleet.order(Identify(), 30), fleet.key.sign))
    assert (await tap.answer(30))[0] == "refused"
    for nonsense in (b"", b"{", b"x" * 100_000, b"[" * 10_000):
        tap.say("config", nonsense)
        tap.say("command", nonsense)
    said = await fleet.command("command", "door", "diagnostics", "--wait", "60")
    assert "PASS settings: the file alone is in force" in said
    assert len(tap.answers(10)) == 1
    assert tap.streams() == 1
    assert fleet.edge.ends == []


async def test_an_edge_without_a_key_obeys_nobody_and_says_so(shop: Shop) -> None:
    async with fleet_of(shop, obeys=False) as fleet:
        said = await fleet.configure("[codes]\nrepeat_s = 9\n", "--wait", "60", code=1)
        assert "refused: this edge has no key to know the retailer by" in said
        await asyncio.to_thread(fleet.edge.kill)
        fleet.edge.start()
        await fleet.edge.works()
        assert (await fleet.door())["in_force"] is None


ANOTHER = IBEACON.replace(TOKEN, "ad550f73")
"""What another phone advertises."""


async def test_commands_do_what_they_say_and_harm_nobody_else(fleet: Fleet) -> None:
    await fleet.passes_by(5)
    await fleet.passes_by(5, "other-air")
    await until("she is in", lambda: "entered" in fleet.tap.phases("air"))
    said = await fleet.command("command", "door", "restart-scanner", "air", "--wait", "60")
    assert "done: air was begun anew" in said
    # Another phone: the first one means nobody, and an edge that was told so says no more of it for a while.
    await fleet.passes_by(5, ad=ANOTHER)
    await fleet.passes_by(5, "other-air")
    await until("another is in", lambda: fleet.tap.phases("air").count("entered") == 2)
    assert fleet.tap.phases("other-air").count("entered") == 1
    said = await fleet.command("command", "door", "restart-scanner", "usb9", "--wait", "60", code=1)
    assert "refused: there is no scanner usb9; there is: air, other-air" in said
    said = await fleet.command("command", "door", "identify", "--wait", "60", code=1)
    assert "failed: the lamp there-is-none: No such file or directory" in said
    found = await fleet.asked("command", "door", "diagnostics", "--wait", "60")
    checks = {each["check"]: each["verdict"] for each in found["findings"]}
    assert checks["uplink"] == checks["clock"] == checks["scanner air"] == "PASS"
    assert fleet.tap.streams() == 1
    said = await fleet.command("command", "door", "rotate-identity", "--wait", "60")
    assert "done: speaks in a new stream" in said
    assert fleet.tap.streams() == 2
    text = await fleet.command("orders", "door")
    assert [line.split("  ")[1].split()[0] for line in text.splitlines()[1:]] == [
        "rotate-identity",
        "diagnostics",
        "identify",
        "restart-scanner",
        "restart-scanner",
    ]
    assert fleet.edge.ends == []


async def test_settings_that_were_stored_and_not_applied_are_applied_by_the_next_process(
    fleet: Fleet,
) -> None:
    """Killed at once when the document is on disk: before, or while, everything begins anew."""
    book = fleet.shop.folder / "door.db.orders"
    sending = asyncio.create_task(fleet.configure("[presence]\nenter_loss_db = 18\n"))
    stored = b'"trial":{'
    await asyncio.to_thread(wait_for, book, stored)
    fleet.edge.kill()
    await sending
    assert b'"owed":[]' in book.read_bytes()
    fleet.edge.start()
    await fleet.edge.works()
    number = (await fleet.last())["number"]
    assert await fleet.tap.answer(number) == ("done", "in force")
    assert (await fleet.door())["in_force"] == number


def wait_for(file: Path, what: bytes) -> None:
    """Return as soon as `what` is in `file`, and not a moment later."""
    until_s = time.monotonic() + 60
    while not (file.exists() and what in file.read_bytes()):
        assert time.monotonic() < until_s


async def test_settings_that_no_longer_fit_the_file_give_way_to_it(fleet: Fleet) -> None:
    await fleet.configure("[scanners.air]\noffset_db = 2\n", "--wait", "60")
    number = (await fleet.last())["number"]
    await fleet.edge.stop()
    config = fleet.shop.folder / "door.toml"
    config.write_text(config.read_text().replace('"air"', '"door-air"'))
    fleet.edge.start()
    await fleet.edge.works()

    async def failed() -> bool:
        return bool((await fleet.last())["result"] == "failed")

    await until("the server knows", failed)
    last = await fleet.last()
    assert last["number"] == number
    assert "scanners.air: is not here; what is: door-air, other-air" in last["reason"]
    assert (await fleet.door())["in_force"] is None
    assert "settings_dropped" in fleet.edge.log


async def test_what_cannot_be_ordered_is_said_before_anything_is_sent(fleet: Fleet) -> None:
    said = await fleet.command("command", "doof", "identify", code=1)
    assert 'there is no edge "doof"' in said
    said = await fleet.command("command", "door", "restart-scanner", code=2)
    assert "say which" in said
    said = await fleet.command("command", "door", "identify", "--for", "1h", code=2)
    assert "--for is from 1 s to 10 min" in said
    said = await fleet.configure("[codes]\n", "--expires", "soon", code=2)
    assert "'soon' is no duration" in said
    assert "never ordered anything" in await fleet.command("orders", "door")
    said = await fleet.command("orders", "doof", code=1)
    assert 'there is no edge "doof"' in said
