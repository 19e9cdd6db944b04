"""Names for ids that could be mistaken for one another."""

from __future__ import annotations

from typing import NewType

TenantId = NewType("TenantId", str)
StoreId = NewType("StoreId", str)
ZoneId = NewType("ZoneId", str)
EdgeId = NewType("EdgeId", str)
StaffId = NewType("StaffId", str)

ProfileId = NewType("ProfileId", str)
"""The retailer's customer: a household may share one."""

LinkId = NewType("LinkId", str)
"""UUIDv7 of an identifier as it was said of a profile. Says nothing of its value."""

EntryId = NewType("EntryId", str)
"""UUIDv7 of an entry in the history of profiles: a merge, a split, what undid one."""

PersonId = NewType("PersonId", str)
"""One enrolment: one phone, one person. Consent, visits and `/me` belong to it."""

DeviceNo = NewType("DeviceNo", int)
"""Random, non-zero, 32 bit: what a token decrypts to."""

Stamp = NewType("Stamp", int)
"""Of a person: another one whenever something changed that decides whether she may be known."""

CardRef = NewType("CardRef", str)
"""13 characters of base32: the public name of a pass."""

VisitId = NewType("VisitId", str)
"""UUIDv7, given when a visit is first seen; a merge keeps the older one."""

FactId = NewType("FactId", str)
"""UUIDv7 of an outgoing event; every sink dedupes by it."""

ReceiptId = NewType("ReceiptId", str)
"""What a till calls a receipt; one of its name in all stores of the retailer."""

Millis = NewType("Millis", int)
"""Unix milliseconds, UTC."""

Window = NewType("Window", int)
"""Number of a 900 s token window: floor(unix / 900)."""

Day = NewType("Day", int)
"""Number of a UTC day: floor(unix / 86400)."""
