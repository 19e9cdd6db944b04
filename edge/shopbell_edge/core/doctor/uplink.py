"""How far the way to the server goes: name, port, TLS, login, rights, and the answer of the server itself.

Owns: the steps, what each failure means, and the remedy.
Never: connects.

A broker of MQTT 3.1.1 confirms a publication that it throws away, and Mosquitto a subscription that it will
never serve: so only the server's own answer proves the right to publish and to hear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_edge.core.doctor.verdict import Check
    from shopbell_wire.messages import Finding

Step = Literal[
    "broker-name", "broker-port", "broker-tls", "broker-login", "broker-rights", "server"
]

Problem = Literal[
    "unresolved",
    "refused",
    "unreachable",
    "timeout",
    "files",
    "untrusted",
    "other_host",
    "expired",
    "too_old",
    "no_tls",
    "wants_certificate",
    "tls",
    "login",
    "busy",
    "lost",
    "subscribe",
    "publish",
    "unanswered",
    "batch",
]
"""Why a step failed, as far as can be told."""

SOON_MS: Final = 30 * 86_400_000
"""A certificate that ends within a month is somebody's task for this week."""

SLOW_MS: Final = 3_000
"""Of an answer. A pass shall be on the board within a second; a mobile network takes half of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A step that was taken: `detail` is what there is to say, without an address of a device or a secret."""

    step: Step
    problem: Problem | None = None
    detail: str = ""
    took_ms: int | None = None
    """Of the server's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Until when a certificate is good, in Unix milliseconds."""

    whose: Literal["broker", "ca", "edge"]
    until_ms: int


REMEDIES: Final[Mapping[Problem, str]] = {
    "unresolved": "broker.host; `getent hosts HOST` asks as we do; is the network up, with a name server?",
    "refused": "broker.port (8883 with TLS); does the broker run, and listen to the outside?",
    "unreachable": "`ip route`; cable, Wi-Fi, the store's firewall: TCP to the broker's port has to be open",
    "timeout": "the store's firewall swallows it: TCP to the broker's port has to be open",
    "files": "`ls -l` as the daemon's user: ca_file, cert_file, key_file, password_file have to be readable",
    "untrusted": "ca_file has to be that of whoever signed the broker's certificate",
    "other_host": "broker.host has to be a name in the broker's certificate; names count, also addresses",
    "expired": "renew the broker's certificate; a clock that is wrong looks the same, see `clock`",
    "too_old": 'let the broker speak TLS 1.3, or set broker.tls.minimum = "1.2"',
    "no_tls": "broker.port: 8883 is with TLS, 1883 without; what answers there speaks none",
    "wants_certificate": "cert_file and key_file: has the broker's CA signed them, are they still good?",
    "tls": "`openssl s_client -connect HOST:PORT`; is a proxy in between?",
    "login": "broker.username and password_file as the broker knows them; if lost, set a new password there",
    "busy": "the broker asks to come back later; see its log",
    "lost": "the broker ended the connection; its log says why (a second edge of this name? no rights?)",
    "subscribe": "the broker's ACL has to let this edge read shopbell/v1/TENANT/EDGE/down/+",
    "publish": "the broker's ACL has to let this edge write shopbell/v1/TENANT/EDGE/up/+",
    "unanswered": "does the server run (`curl localhost:8400/readyz` there)? Does it know this edge, by "
    "this name (`shopbell-server edge list`)? May it write up/+ and read down/+ by the broker's ACL? Not "
    "every broker says so",
    "batch": "the server's log; is this software older than the server can read?",
}

_DONE: Final[Mapping[Step, str]] = {
    "broker-name": "found",
    "broker-port": "open",
    "broker-tls": "the broker is who it says",
    "broker-login": "accepted",
    "broker-rights": "not refused; the proof is the server's answer",
}


def uplink(tried: tuple[Tried, ...]) -> Iterator[Finding]:
    """Yield what became of the steps; none is taken after one that failed."""
    for each in tried:
        if each.problem is not None:
            detail = f"{each.problem}: {each.detail}" if each.detail else each.problem
            yield failed(each.step, detail, REMEDIES[each.problem])
        elif each.step == "server":
            yield _answered(each.took_ms or 0)
        else:
            more = f": {each.detail}" if each.detail else ""
            yield passed(each.step, f"{_DONE[each.step]}{more}")


def fallback(place: str, tried: tuple[Tried, ...]) -> Finding:
    """Return whether another node of the broker, at `place`, could be turned to; `tried` has a step."""
    last = tried[-1]
    if last.problem is None:
        return passed(last.step, _DONE[last.step], place)
    detail = f"{last.problem}: {last.detail}" if last.detail else last.problem
    return warned(last.step, detail, f"broker.fallbacks: {REMEDIES[last.problem]}", place)


def certificate(seen: Certificate, now_ms: int) -> Finding:
    """Return whether a certificate is good for some time yet."""
    check: Check = "certificate"
    left_ms = seen.until_ms - now_ms
    days = abs(left_ms) // 86_400_000
    renew = {
        "broker": "renew the broker's certificate and reload it",
        "ca": "put the new CA into ca_file, beside the old one, before the broker's is changed",
        "edge": "let the CA that the broker trusts sign a new one; put it at cert_file, its key at key_file; "
        "they are read at the next connection",
    }[seen.whose]
    if left_ms <= 0:
        return failed(check, f"ended {days} days ago", f"{renew}; is the clock right?", seen.whose)
    if left_ms < SOON_MS:
        return warned(check, f"ends in {days} days", renew, seen.whose)
    return passed(check, f"good for {days} days", seen.whose)


def _answered(took_ms: int) -> Finding:
    found = f"took in a batch and said so after {took_ms} ms: rights and registration are in order"
    if took_ms > SLOW_MS:
        return warned(
            "server",
            found,
            "the server is busy or the line is: `ping` the broker; the server's metrics",
        )
    return passed("server", found)
