"""What the settings mean to the core: seconds as milliseconds, the demo's speed, files read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shopbell_edge.core import leave_timeout
from shopbell_edge.core.closing import Closing
from shopbell_edge.core.codes import NumberRule
from shopbell_edge.core.fixed_ids import AltBeacon, FixedIds
from shopbell_edge.core.heartbeat_beacon import Beacon
from shopbell_edge.core.hours import Hours, spans
from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.standing import PROOF_S
from shopbell_edge.core.telling import Pace

if TYPE_CHECKING:
    from shopbell_edge.config.tables import Numbers, Orders, Radio, Settings

_PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}\s*", re.ASCII)

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_STANDARD: Final = Rules()

DEMO_SPEED = 20
"""As the server's: a quarter of an hour in the shop is 45 s in the demo."""


def presence_rules(settings: Settings, radio: Radio) -> Rules:
    """Return the rules of one radio; its own numbers before those of all."""
    presence = settings.presence
    speed = _speed(settings)
    enter_db, leave_db = radio.enter_loss_db, radio.leave_loss_db
    return Rules(
        enter_loss_db=presence.enter_loss_db if enter_db is None else enter_db,
        leave_loss_db=presence.leave_loss_db if leave_db is None else leave_db,
        scanner_offset_db=radio.offset_db,
        default_power_dbm=settings.retailer.power_dbm,
        enter_sightings=presence.enter_sightings,
        enter_within_ms=_ms(presence.enter_within_s),
        inactive_ms=_ms(presence.inactive_s / speed),
        leave_ms=_ms(presence.leave_s / speed),
        shown_ms=_STANDARD.shown_ms // speed,
    )


def slowest_ms(settings: Settings) -> float:
    """Return the longest interval at which a customer's phone or fob advertises."""
    phones, fobs = settings.presence, settings.static or settings.presence
    return max(phones.beacon_interval_ms, fobs.beacon_interval_ms)


def longest_gap_ms(settings: Settings, radio: Radio) -> float:
    """Return how far apart the beacon's reports by `radio` may lie for silence to mean leaving."""
    leave_ms = presence_rules(settings, radio).leave_ms
    return leave_timeout.longest_gap_ms(leave_ms, slowest_ms(settings))


def pace(settings: Settings) -> Pace:
    """Return how often a stay is reported while the server listens."""
    speed = _speed(settings)
    return Pace(
        moving_ms=_ms(settings.presence.report_moving_s / speed),
        steady_ms=_ms(settings.presence.report_steady_s / speed),
    )


def send_rules(settings: Settings) -> SendRules:
    """Return how patiently the spool is emptied."""
    sending = settings.sending
    return SendRules(
        answer_ms=_ms(sending.answer_s),
        answer_most_ms=_ms(sending.answer_most_s),
        reconnect_wait_ms=_ms(sending.reconnect_wait_s),
        backlog_events_per_s=sending.backlog_events_per_s,
    )


def retailer(settings: Settings) -> Retailer:
    """Return by what the retailer's frames are known; ValueError if that cannot be."""
    return Retailer(
        uuid=settings.retailer.uuid, prefix=settings.retailer.prefix, fixed=fixed_ids(settings)
    )


def fixed_ids(settings: Settings) -> FixedIds | None:
    """Return by what fobs and cards are known, if there are to be any; ValueError if that cannot be."""
    told = settings.static
    if told is None:
        return None
    return FixedIds(
        ibeacons=told.ibeacons,
        altbeacons=tuple(
            AltBeacon(company=each.company, uuid=each.uuid) for each in told.altbeacons
        ),
        namespaces=told.namespaces,
    )


def beacon(settings: Settings) -> Beacon | None:
    """Return the store's heartbeat beacon, if it has one; ValueError if it cannot be one."""
    heartbeat = settings.heartbeat
    if heartbeat is None:
        return None
    return Beacon(
        uuid=heartbeat.uuid,
        major=heartbeat.major,
        minor=heartbeat.minor,
        bare_minor=heartbeat.minor_without_flags,
    )


def sought(settings: Settings) -> tuple[Retailer, ...]:
    """Return by what is known whatever a radio has to let pass: the retailer's frames, and the heartbeat."""
    ours, heartbeat = retailer(settings), beacon(settings)
    return (ours,) if heartbeat is None else (ours, heartbeat.sought(ours.prefix))


def hours(settings: Settings) -> Hours | None:
    """Return when the store is open, None for always; ValueError for a time zone that is not known here."""
    told = settings.hours
    if told is None:
        return None
    try:
        zone = ZoneInfo(told.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{told.zone!r} is no time zone of this machine; write one such as Europe/Amsterdam, "
            "or install the package tzdata"
        ) from None
    return Hours(zone=zone, week=[spans(getattr(told, day)) for day in DAYS])


def closing(settings: Settings) -> Closing:
    """Return what a radio does when the store closes."""
    told = settings.hours
    return Closing(hours(settings), sleeps=told is not None and told.radio == "off")


def number_rules(settings: Settings) -> tuple[NumberRule, ...]:
    """Return which barcodes are loyalty numbers."""
    if settings.numbers is None:
        return ()
    return tuple(
        NumberRule(symbology=shape.symbology, prefix=shape.prefix, length=shape.length)
        for shape in settings.numbers.shapes
    )


def number_key(numbers: Numbers) -> bytes:
    """Return the server's public key, or raise ValueError where its file holds none."""
    return _public_key(numbers.key_file, "X25519")


def orders_key(orders: Orders) -> bytes:
    """Return the retailer's public key, or raise ValueError where its file holds none."""
    return _public_key(orders.key_file, "Ed25519")


def proof_s(settings: Settings) -> float:
    """Return for how long new settings must last before they are trusted."""
    return PROOF_S / _speed(settings)


def _public_key(path: str, kind: str) -> bytes:
    raw = Path(path).read_bytes()
    if not _PUBLIC_KEY.fullmatch(raw.decode("ascii", "replace")):
        # Not a word of what it does hold: somebody may have named a private key.
        raise ValueError(f'"{path}" does not hold a public key: 64 hexadecimal digits ({kind})')
    return bytes.fromhex(raw.decode("ascii"))


def _speed(settings: Settings) -> int:
    return DEMO_SPEED if settings.rules == "demo" else 1


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
