from __future__ import annotations

from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

import pytest
from structlog.testing import capture_logs

from shopbell_server.cdp.checkpoint_receiver import CheckpointReceiver
from shopbell_server.checkpoint_file import CheckpointFile, line_of
from shopbell_server.core.audit.chain import Checkpoint
from shopbell_server.core.doctor.trust import BEHIND_MS
from shopbell_server.core.ids import Millis
from shopbell_server.ports.sinks import Outcome
from shopbell_server.witness import AT_ONCE, ROUND_S, Outbox, Witness
from tests.fakes.checkpoints import FakeReceiver, MemoryCheckpoints
from tests.rigs.checkpoint_receiver import CheckpointReceiverRig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from shopbell_server.ports.audit import Checkpoints, Receiver

NOON = 1_795_262_400_000


def made(number: int) -> Checkpoint:
    return Checkpoint(
        number=number,
        digest=number.to_bytes(32),
        at_ms=Millis(NOON + number),
        signature=b"s" * 64,
    )


class Clock:
    def __init__(self) -> None:
        self.at_ms = NOON

    def now_ms(self) -> Millis:
        return Millis(self.at_ms)


AWAY = Outcome(kind="retry", reason="no connection")


class World:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoints"
        self.clock = Clock()
        self.receiver = FakeReceiver()
        self.begin()

    def begin(self) -> None:
        """Start anew, as a process does."""
        self.witness = Witness(Outbox(self.path), self.receiver, self.clock, lambda: 0.0)

    def append(self, *numbers: int) -> None:
        for number in numbers:
            CheckpointFile(self.path).append(made(number))

    def kept(self) -> list[int]:
        lines = self.receiver.kept.splitlines(keepends=True)
        by_line = {line_of(made(number)): number for number in range(2_000)}
        return [by_line[line] for line in lines]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_each_is_sent_once_and_as_it_stands_in_the_file(world: World) -> None:
    assert world.witness.send() == ROUND_S
    world.append(1, 2)
    assert world.witness.send() == ROUND_S
    world.append(3)
    assert world.witness.send() == ROUND_S
    assert world.witness.send() == ROUND_S
    assert world.kept() == [1, 2, 3]


def test_what_a_receiver_did_not_confirm_is_sent_again_ever_more_rarely(world: World) -> None:
    world.append(1)
    world.receiver.outcomes += [AWAY] * 7
    waits = [world.witness.send() for _ in range(7)]
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    world.append(2)
    assert world.witness.send() == ROUND_S
    assert world.kept() == [1, 2]


@pytest.mark.parametrize("kind", ["retry", "refused", "gone"])
def test_nothing_is_given_up_whatever_the_answer(world: World, kind: str) -> None:
    world.append(1)
    world.receiver.outcomes.append(Outcome(kind=kind, reason="HTTP 410"))  # type: ignore[arg-type]
    world.witness.send()
    world.witness.send()
    assert world.kept() == [1]


def test_a_long_outage_is_made_up_for_in_large_pieces(world: World) -> None:
    world.append(*range(1, AT_ONCE + 3))
    assert world.witness.send() == 0
    assert len(world.kept()) == AT_ONCE
    assert world.witness.send() == ROUND_S
    assert world.kept() == list(range(1, AT_ONCE + 3))


def test_who_starts_anew_goes_on_where_it_was(world: World) -> None:
    world.append(1, 2)
    world.witness.send()
    world.append(3)
    world.begin()
    world.witness.send()
    assert world.kept() == [1, 2, 3]


@pytest.mark.parametrize("note", [None, b"", b"nonsense}\n", line_of(made(77))])
def test_who_does_not_know_what_was_confirmed_sends_all_again(
    world: World, note: bytes | None
) -> None:
    world.append(1, 2)
    world.witness.send()
    path = world.path.with_name("checkpoints.confirmed")
    path.unlink()
    if note is not None:
        path.write_bytes(note)
    world.begin()
    world.witness.send()
    assert world.kept() == [1, 2, 1, 2]


def test_a_line_that_is_being_written_is_left_for_the_next_time(world: World) -> None:
    world.append(1)
    whole = line_of(made(2))
    with world.path.open("ab") as file:
        file.write(whole[:-1])
    world.witness.send()
    assert world.kept() == [1]
    with world.path.open("ab") as file:
        file.write(b"\n")
    world.witness.send()
    assert world.kept() == [1, 2]


def test_a_line_that_a_power_cut_left_is_passed_over(world: World) -> None:
    world.append(1)
    with world.path.open("ab") as file:
        file.write(line_of(made(2))[:-20])
    world.append(3)
    world.witness.send()
    assert world.kept() == [1, 3]


def test_the_operator_is_told_once_that_nobody_takes_them_and_when_somebody_does(
    world: World,
) -> None:
    world.append(1)
    world.receiver.outcomes += [AWAY] * 4
    with capture_logs() as logs:
        world.witness.send()
        world.clock.at_ms += BEHIND_MS + 1
        world.witness.send()
        world.witness.send()
    assert [each["event"] for each in logs] == ["checkpoints_not_sent", "checkpoints_unconfirmed"]
    assert logs[-1]["reason"] == "no connection"
    world.witness.send()
    with capture_logs() as logs:
        world.witness.send()
    assert [each["event"] for each in logs] == ["checkpoints_confirmed"]


def test_a_file_that_somebody_changed_is_told_and_tried_again(world: World) -> None:
    world.path.write_text("{}\n")
    with capture_logs() as logs:
        assert world.witness.send() == 10
    assert "is no checkpoint" in logs[0]["reason"]
    world.path.unlink()
    world.append(1)
    assert world.witness.send() == ROUND_S
    assert world.kept() == [1]


def test_a_disk_that_cannot_note_what_was_confirmed_costs_a_repetition_alone(world: World) -> None:
    world.append(1)
    beside = world.path.with_name("checkpoints.confirmed.new")
    beside.mkdir()
    with capture_logs() as logs:
        assert world.witness.send() == ROUND_S
        world.append(2)
        assert world.witness.send() == ROUND_S
    assert logs == [
        {"event": "confirmation_not_kept", "error": "Is a directory", "log_level": "warning"}
    ]
    assert world.kept() == [1, 2]
    beside.rmdir()
    world.begin()
    world.witness.send()
    assert world.kept() == [1, 2, 1, 2]


# ------------------------------------------------------- whoever keeps checkpoints keeps them like this


class Keeping(Protocol):
    """A way to keep checkpoints, and what its other end has of them."""

    @property
    def checkpoints(self) -> Checkpoints: ...
    def arrived(self, count: int) -> Sequence[Checkpoint]: ...


class InMemory:
    def __init__(self) -> None:
        self.checkpoints = MemoryCheckpoints()

    def arrived(self, _: int) -> Sequence[Checkpoint]:
        return self.checkpoints.kept


class InAFile:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "checkpoints"
        self.checkpoints = CheckpointFile(self._path)

    def arrived(self, _: int) -> Sequence[Checkpoint]:
        return list(CheckpointFile(self._path).all())


class OverHttp:
    def __init__(self, folder: Path, rig: CheckpointReceiverRig) -> None:
        self.checkpoints = CheckpointFile(folder / "checkpoints")
        self._rig = rig

    def arrived(self, count: int) -> Sequence[Checkpoint]:
        """Return what an auditor finds in the receiver's file."""
        self._rig.until(count)
        return list(CheckpointFile(self._rig.file).all())


@contextmanager
def over_http(folder: Path) -> Iterator[OverHttp]:
    stop = Event()
    with CheckpointReceiverRig(folder) as rig:
        receiver = CheckpointReceiver(
            url=rig.url, token=rig.token, timeout_s=20, allow_loopback=True
        )
        witness = Witness(Outbox(folder / "checkpoints"), receiver, Clock(), lambda: 0.0)

        def send() -> None:
            while not stop.wait(0.01):
                witness.send()

        thread = Thread(target=send)
        thread.start()
        try:
            with closing(receiver):
                yield OverHttp(folder, rig)
                stop.set()
                thread.join()
        finally:
            stop.set()
            thread.join()


@pytest.fixture(params=["memory", "file", "https"])
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeping]:
    if request.param == "memory":
        yield InMemory()
    elif request.param == "file":
        yield InAFile(tmp_path)
    else:
        with over_http(tmp_path) as way:
            yield way


def test_what_is_kept_arrives_in_its_order_and_is_read_as_it_was(keeping: Keeping) -> None:
    assert keeping.checkpoints.last() is None
    assert keeping.checkpoints.before(Millis(NOON + 9)) is None
    for number in (1, 2, 3):
        keeping.checkpoints.append(made(number))
    assert keeping.arrived(3) == [made(1), made(2), made(3)]
    assert keeping.checkpoints.last() == made(3)
    assert keeping.checkpoints.before(Millis(NOON + 2)) == made(2)


@pytest.fixture(params=["fake", "http"])
def receiving(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Receiver, Callable[[], bytes], Callable[[], None]]]:
    """Give a receiver, what it kept, and what lets it refuse once."""
    if request.param == "fake":
        fake = FakeReceiver()
        yield fake, lambda: fake.kept, lambda: fake.outcomes.append(AWAY)
        return
    with CheckpointReceiverRig(tmp_path) as rig:
        receiver = CheckpointReceiver(
            url=rig.url, token=rig.token, timeout_s=20, allow_loopback=True
        )
        with closing(receiver):
            kept = rig.file
            yield (
                receiver,
                lambda: kept.read_bytes() if kept.exists() else b"",
                lambda: rig.answers.append(503),
            )


def test_a_receiver_keeps_what_it_says_that_it_keeps_and_nothing_else(
    receiving: tuple[Receiver, Callable[[], bytes], Callable[[], None]],
) -> None:
    receiver, kept, refuse = receiving
    one, two = line_of(made(1)), line_of(made(2))
    assert receiver.keep(one).kind == "delivered"
    refuse()
    refused = receiver.keep(two)
    assert refused.kind != "delivered"
    assert refused.reason
    assert kept() == one
    assert receiver.keep(two + one).kind == "delivered"
    assert kept() == one + two + one
