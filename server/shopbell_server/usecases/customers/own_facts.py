"""What other channels said of her, for her own eyes.

Owns: that a merge shows nobody what was said of another profile.
Never: what staff see of it (`usecases.staff.channel_facts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.channels.facts import standing
from shopbell_server.usecases.customers.own_profile import own_profile

if TYPE_CHECKING:
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.ports.database import UnitOfWork


def own_facts(work: UnitOfWork, enrolment: Enrolment) -> tuple[ChannelFact, ...]:
    """Return what was said of the profile that is hers, and of the identifiers that are (`own_profile`)."""
    hers = own_profile(work, enrolment)
    own = None if hers.profile is None else hers.profile.id
    links = {link.id for link in hers.links}
    profiles = {each for each in (own, enrolment.profile) if each is not None}
    return standing(
        fact
        for facts in work.channels.of(profiles).values()
        for fact in facts
        if (fact.profile == own if fact.said_by is None else fact.said_by in links)
    )
