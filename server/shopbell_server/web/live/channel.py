"""What one view of a store says to all who look through it.

Owns: the events, their ids, what is remembered of them, and what waits for whom.
Never: when a store is read (`watch`), or what is in a row (`rows`). Belongs to the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from shopbell_server.core.board.floor import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_server.core.ids import PersonId, VisitId
    from shopbell_server.web.live.rows import Picture, View

REMEMBERED: Final = 256
"""Events of a view that a tablet may have missed and still be told one by one: five minutes of a busy
store. Whoever missed more gets a snapshot, which costs the same as forty events."""

QUEUED: Final = 64
"""Tellings that wait for one slow tablet: six seconds of a busy store. Then they are dropped and it
gets a snapshot."""


class Channel:
    """One view: what it shows, what it said lately, and who looks."""

    def __init__(self, view: View, epoch: str) -> None:
        self.view = view
        self.first_shown = asyncio.Event()
        self.streams: set[Stream] = set()
        self._epoch = epoch
        self._picture: Picture | None = None
        self._said = 0
        self._recent: deque[_Said] = deque(maxlen=REMEMBERED)
        self._snapshot: bytes | None = None

    @property
    def shows(self) -> bool:
        """Return whether there is anything to show yet."""
        return self._picture is not None

    def show(self, picture: Picture) -> None:
        """Tell what is different in `picture`, which holds this view: bytes made once for everybody."""
        before, self._picture = self._picture, picture
        self._snapshot = None
        if before is not None:
            self._tell(before.rows[self.view], picture)
        self.first_shown.set()

    def say_that_we_live(self, at: bytes) -> None:
        """Send a heartbeat.

        It has the id of the last event: nothing happened since, and whoever resumes misses nothing.
        """
        beat = self._event(b"heartbeat", b'{"at":%b}' % at)
        for stream in self.streams:
            stream.hear(beat)

    def end(self) -> None:
        """Let everybody go."""
        self.first_shown.set()
        for stream in self.streams:
            stream.end()

    def snapshot(self) -> bytes:
        """Return all of it as one event."""
        if self._snapshot is None:
            picture = self._picture
            if picture is None:
                return b""
            rows = b",".join(picture.rows[self.view].values())
            data = b'{"store":%b,"at":%b,"rows":[%b]}' % (picture.store, picture.at, rows)
            self._snapshot = self._event(b"snapshot", data)
        return self._snapshot

    def since(self, last_event_id: str) -> bytes | None:
        """Return what was said after that event; None if that cannot be told any more."""
        missed = self._missed(last_event_id)
        return None if missed is None else b"".join(each.event for each in missed)

    def whose(self, last_event_id: str | None) -> Mapping[VisitId, PersonId]:
        """Return the visits, and whose they are, that somebody sees who comes back from that event.

        Those that are shown, also if they are not told: nobody who comes back has not seen them.
        """
        if self._picture is None:
            return {}
        persons = self._picture.persons
        seen = {visit: persons[visit] for visit in self._picture.rows[self.view]}
        missed = None if last_event_id is None else self._missed(last_event_id)
        for each in missed or ():
            if each.look is not None:
                seen[each.look[0]] = each.look[1]
        return seen

    def _missed(self, last_event_id: str) -> list[_Said] | None:
        epoch, _, number = last_event_id.rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()):
            return None
        last = int(number[:16])
        if last > self._said:
            return None
        oldest = self._recent[0].number if self._recent else self._said + 1
        if last < oldest - 1:
            return None
        return [each for each in self._recent if each.number > last]

    def _tell(self, before: Mapping[VisitId, bytes], picture: Picture) -> None:
        now = picture.rows[self.view]
        if before is now:
            return
        differs = difference(before, now)
        events = [
            self._say(b"changed", now[visit], (visit, picture.persons[visit]))
            for visit in differs.changed
        ]
        events += [self._say(b"gone", b'{"visit":"%b"}' % each.encode()) for each in differs.gone]
        if events:
            together = b"".join(events)
            for stream in self.streams:
                stream.hear(together)

    def _say(self, name: bytes, data: bytes, look: tuple[VisitId, PersonId] | None = None) -> bytes:
        self._said += 1
        event = self._event(name, data)
        self._recent.append(_Said(self._said, event, look))
        return event

    def _event(self, name: bytes, data: bytes) -> bytes:
        head = f"id: {self._epoch}-{self._said}\n".encode()
        return b"%bevent: %b\ndata: %b\n\n" % (head, name, data)


class _Said(NamedTuple):
    number: int
    event: bytes
    look: tuple[VisitId, PersonId] | None
    """Whom who hears it sees."""


class Stream:
    """Somebody who looks through a view: an iterator of what to send to her, in SSE's own form.

    Whoever opened it closes it, read to its end or not.
    """

    def __init__(
        self, channel: Channel, session: bytes, closed: Callable[[Stream], object]
    ) -> None:
        """`session` is the fingerprint of who looks; `closed` is called once."""
        self.channel = channel
        self.session = session
        self._closed: Callable[[Stream], object] | None = closed
        self._waiting: deque[bytes] = deque()
        self._behind = False
        self._ended = False
        self._woken = asyncio.Event()
        channel.streams.add(self)

    @property
    def ended(self) -> bool:
        """Return whether nothing more is said."""
        return self._ended

    def resume(self, last_event_id: str | None) -> None:
        """Begin with what was missed, or with everything."""
        self._waiting.clear()
        missed = None if last_event_id is None else self.channel.since(last_event_id)
        self._behind = missed is None
        if missed:
            self._waiting.append(missed)
        self._woken.set()

    def hear(self, events: bytes) -> None:
        """Take events; one telling too many and they are all forgotten for a snapshot."""
        if self._behind:
            return
        if len(self._waiting) == QUEUED:
            self._waiting.clear()
            self._behind = True
        else:
            self._waiting.append(events)
        self._woken.set()

    def end(self) -> None:
        """Say nothing more, whatever waits: she may not look any longer, or nothing is live."""
        self._ended = True
        self._woken.set()

    def close(self) -> None:
        """Give the place up. Doing it again is fine."""
        self.end()
        self.channel.streams.discard(self)
        closed, self._closed = self._closed, None
        if closed is not None:
            closed(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes to send, all that waits as one."""
        while not self._ended:
            if self._behind:
                self._behind = False
                self._waiting.clear()
                return self.channel.snapshot()
            if self._waiting:
                first = self._waiting.popleft()
                if not self._waiting:
                    return first  # as it is, the same bytes for everybody
                events = first + b"".join(self._waiting)
                self._waiting.clear()
                return events
            self._woken.clear()
            await self._woken.wait()
        raise StopAsyncIteration
