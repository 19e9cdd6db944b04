"""Every message of the wire within its limits, for properties of whatever sends or takes them."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import UNSET

from shopbell_wire.messages import (
    MAX_COUNT,
    MAX_EVENTS,
    MAX_MS,
    MAX_TEXT,
    Ack,
    Batch,
    Clock,
    ClockAnchor,
    Diagnostics,
    Event,
    Finding,
    Loss,
    OrderDone,
    Presence,
    Refused,
    Scan,
    ScannerHealth,
    ScannerStatus,
    Status,
    StreamStarted,
)

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""All that a text may hold: no half surrogates, no U+0000."""

names = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
hex128 = st.binary(min_size=16, max_size=16).map(bytes.hex)
tokens = st.sampled_from([4, 8, 16, 20]).flatmap(
    lambda size: st.binary(min_size=size, max_size=size).map(bytes.hex)
)
texts = st.text(CHARACTERS, max_size=40) | st.builds(
    lambda character: character * MAX_TEXT, CHARACTERS
)
millis = st.integers(0, MAX_MS)
counts = st.integers(0, MAX_COUNT)
seqs = st.integers(1, MAX_COUNT)
decibels = st.floats(-200.0, 200.0, allow_nan=False)
hearing = st.sampled_from(["hearing", "blind", "suspect"])

clocks = st.builds(
    Clock,
    boot=hex128,
    boottime_ms=counts,
    wall_ms=millis,
    state=st.sampled_from(["synced", "holdover", "unsynced"]),
    err_ms=counts,
)
losses = st.builds(Loss, median=decibels, p10=decibels, last=decibels)

stream_starts = st.builds(
    StreamStarted,
    previous=st.none() | hex128,
    previous_last_seq=st.none() | counts,
    software=texts,
)
presences = st.builds(
    Presence,
    scanner=names,
    frame=st.sampled_from(["ibeacon", "service-data", "service-uuid", "static"]),
    token=tokens,
    phase=st.sampled_from(["entered", "present", "inactive", "left"]),
    first_ms=millis,
    last_ms=millis,
    n=seqs,
    loss_db=losses,
    mac=st.just(UNSET) | st.binary(min_size=4, max_size=4).map(bytes.hex),
    mac_ms=st.just(UNSET) | millis,
    reason=texts,
)
scans = st.builds(
    Scan, scanner=names, at_ms=millis, kind=st.just("pass"), format=texts, text=texts
) | st.builds(Scan, scanner=names, at_ms=millis, kind=st.just("number"), format=texts, sealed=texts)
scanner_healths = st.builds(
    ScannerHealth,
    scanner=names,
    state=hearing,
    since_ms=millis,
    reason=texts,
    coverage=st.floats(0.0, 1.0),
)
clock_anchors = st.builds(
    ClockAnchor,
    boot=hex128,
    boottime_ms=counts,
    wall_ms=millis,
    err_ms=st.just(UNSET) | counts,
)
orders_done = st.builds(
    OrderDone,
    order=st.sampled_from(["config", "command"]),
    number=seqs,
    result=st.sampled_from(["done", "refused", "failed"]),
    reason=texts,
)
findings = st.builds(
    Finding,
    check=texts,
    verdict=st.sampled_from(["PASS", "WARN", "FAIL"]),
    found=texts,
    remedy=texts,
)
diagnostics = st.builds(
    Diagnostics, number=seqs, findings=st.lists(findings, max_size=4).map(tuple)
)

events: st.SearchStrategy[Event] = st.one_of(
    stream_starts, presences, scans, scanner_healths, clock_anchors, orders_done, diagnostics
)
batches = st.builds(
    Batch,
    edge=names,
    stream=hex128,
    seq=seqs,
    clock=clocks,
    dropped=st.dictionaries(texts, counts, max_size=3),
    events=st.lists(events, min_size=1, max_size=5).map(tuple),
)
refusals = st.builds(
    Refused, seq=seqs, index=st.none() | st.integers(0, MAX_EVENTS - 1), reason=texts
)
acks = st.builds(
    Ack,
    stream=hex128,
    committed=st.lists(st.tuples(seqs, seqs).map(sorted).map(tuple), max_size=5).map(tuple),
    refused=st.lists(refusals, max_size=5).map(tuple),
    server_ms=millis,
    nobody=st.just(UNSET) | st.lists(tokens, max_size=5).map(tuple),
)
scanner_statuses = st.builds(
    ScannerStatus,
    scanner=names,
    kind=st.sampled_from(["ble", "camera", "serial", "evdev"]),
    state=hearing,
    reason=st.just(UNSET) | texts,
)
statuses = st.builds(
    Status,
    edge=names,
    stream=hex128,
    conn=counts,
    state=st.sampled_from(["online", "offline"]),
    version=texts,
    config=texts,
    clock=clocks,
    scanners=st.lists(scanner_statuses, max_size=4).map(tuple),
    in_force=st.just(UNSET) | counts,
    since_ms=st.just(UNSET) | millis,
)
