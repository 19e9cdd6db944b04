"""What other channels said of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.ids import LinkId, ProfileId


class Channels(Protocol):
    """Facts, sealed under the keys of their profiles, and the marks of the messages that said them."""

    def marks(self, messages: Sequence[str]) -> Sequence[bytes]:
        """Return the mark of each message: 16 bytes, the same for the same message."""
        ...

    def seen(self, marks: Collection[bytes]) -> frozenset[bytes]:
        """Return those of `marks` that were noted, at any time."""
        ...

    def note(self, marks: Collection[bytes]) -> None:
        """Remember them for ever; one that is there stays."""
        ...

    def put(self, facts: Sequence[ChannelFact]) -> None:
        """Keep facts of profiles that are there and held; of each key the one that stands (`facts.rank`)."""
        ...

    def of(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[ChannelFact]]:
        """Return those of each, by kind and key; profiles without any are left out.

        Without those whose key was destroyed.
        """
        ...

    def said_of(
        self, kind: str, values: Collection[str]
    ) -> Mapping[str, Sequence[tuple[LinkId, ProfileId]]]:
        """Return, by value of an identifier of that kind, which identifiers of which profiles it is."""
        ...

    def forget(self, profiles: Collection[ProfileId]) -> None:
        """Remove all facts of these profiles. The marks stay: what was said is not taken in once more."""
        ...
