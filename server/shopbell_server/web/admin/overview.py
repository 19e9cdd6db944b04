"""`/admin`: what is well and what is not, in words, the worst first.

Owns: which figures are asked for, and their words; each says what to do.
Never: what a figure means: the verdicts are those of the server's doctor (`core.doctor`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter, Request, Response

from shopbell_server.core.doctor import flow, trust
from shopbell_server.core.ids import Day, Millis
from shopbell_server.core.keeping.erasure import DONE_MS
from shopbell_server.core.language import N_
from shopbell_server.core.token_windows import key_days
from shopbell_server.ports.edge_line import EdgesUnreachableError
from shopbell_server.usecases.delivery.dead_letters import sinks_now
from shopbell_server.usecases.intake.edges_now import edges_now
from shopbell_server.web.access.who import Here
from shopbell_server.web.admin.visitors import Reading, page
from shopbell_server.web.services import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.ids import EdgeId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.intake.edges_now import EdgeNow
    from shopbell_server.web.admin.visitors import Visitor
    from shopbell_server.web.services import Services
    from shopbell_wire.messages import Status

routes: Final = APIRouter(tags=["pages"])

Verdict = Literal["FAIL", "WARN", "PASS"]
ORDER: Final[tuple[Verdict, ...]] = ("FAIL", "WARN", "PASS")

MOST_NAMES: Final = 5

SILENT_MS: Final = 15 * 60_000
"""An online edge tells every few minutes that its scanners hear: a quarter of an hour is no pause."""

RETAINED_WITHIN_S: Final = 26 * 3_600
"""What is due to be let go of is let go of every hour; after a day and a bit the job does not run."""

_PARTS: Final = {
    "database": N_("The database does not answer."),
    "keys": N_("The store of keys does not answer: nobody's name can be read."),
    "broker": N_(
        "The broker is not connected: edges are not heard. They keep everything meanwhile."
    ),
    "disk": N_("The disk is full: nothing can be stored."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is well or not: what it is, what was found, and where to look or what to do."""

    verdict: Verdict
    title: str
    said: str
    do: str = ""
    link: str = ""


def asked_edges(here: Services) -> Mapping[EdgeId, Status] | None:
    """Return what edges said last; None where the broker cannot be asked."""
    if here.fleet is None:
        return None
    try:
        return here.fleet.line.statuses()
    except EdgesUnreachableError:
        return None


@routes.get("/admin", include_in_schema=False)
def get_overview(request: Request, here: Here, found: Reading) -> Response:
    """Say what is well and what is not."""
    lines = sorted(_lines(here, found), key=lambda each: ORDER.index(each.verdict))
    wrong = sum(each.verdict != "PASS" for each in lines)
    return page(request, here, found, "admin_overview.html", {"lines": lines, "wrong": wrong})


def _lines(here: Services, found: Visitor) -> Iterator[Line]:
    problems = {name: text for name, text in parts(here).items() if text is not None}
    yield from _server(found, problems)
    if "database" in problems:
        return
    statuses = asked_edges(here)
    now_ms = here.clock.now_ms()
    with here.database.read() as work:
        edges = edges_now(work, statuses, now_ms)
        yield _edges(found, edges, asked=statuses is not None)
        yield _intake(found, edges, now_ms)
        yield from _sinks(here, found, work)
        yield from _jobs(here, found, work)
        yield _audit(here, found, work)


def _server(found: Visitor, problems: Mapping[str, str]) -> Iterator[Line]:
    _ = found.voice.gettext
    title = _("This server")
    if not problems:
        said = _("It is ready: the database and the store of keys answer.")
        yield Line(verdict="PASS", title=title, said=said)
    for name, text in sorted(problems.items()):
        said = _(_PARTS[name]) if name in _PARTS else f"{name}: {text}"
        do = _("`shopbell-server doctor` on the server says more.")
        yield Line(verdict="FAIL", title=title, said=said, do=do)


def _edges(found: Visitor, edges: Sequence[EdgeNow], *, asked: bool) -> Line:
    _, ngettext = found.voice.gettext, found.voice.ngettext
    title, link = _("Edges"), "/admin/edges"
    active = [each for each in edges if each.health != "inactive"]
    if not active:
        said = _("The registry has none: nobody is heard.")
        do = _("`shopbell-server seed FILE` registers edges.")
        return Line(verdict="WARN", title=title, said=said, do=do, link=link)
    if not asked:
        said = _("The broker cannot be asked how they do.")
        do = _("Is the broker running? Edges keep everything meanwhile.")
        return Line(verdict="FAIL", title=title, said=said, do=do, link=link)
    away = [each.edge.id for each in active if each.health in {"offline", "unknown"}]
    deaf = [each.edge.id for each in active if each.health == "deaf"]
    if not away and not deaf:
        n = len(active)
        said = ngettext(
            "{n} edge is online and hears.", "All {n} edges are online and hear.", n
        ).format(n=n)
        return Line(verdict="PASS", title=title, said=said, link=link)
    told = []
    if away:
        told.append(_("Offline: {edges}.").format(edges=_some(away)))
    if deaf:
        told.append(_("Does not hear: {edges}.").format(edges=_some(deaf)))
    do = _("Look at the edge: power, network, then `shopbell-edge doctor` there.")
    verdict: Verdict = "FAIL" if len(away) == len(active) else "WARN"
    return Line(verdict=verdict, title=title, said=" ".join(told), do=do, link=link)


def _some(names: Sequence[str]) -> str:
    """Return the first few: who has to look at more looks at the list."""
    more = f" … (+{len(names) - MOST_NAMES})" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _intake(found: Visitor, edges: Sequence[EdgeNow], now_ms: Millis) -> Line:
    _, ngettext = found.voice.gettext, found.voice.ngettext
    title, link = _("What comes in"), "/admin/edges"
    times = [each.last_batch_ms for each in edges if each.last_batch_ms is not None]
    if not times:
        return Line(verdict="WARN", title=title, said=_("No batch came yet."), link=link)
    last_ms = max(times)
    said = _("The last batch came {time}.").format(time=found.now.ago(last_ms))
    missing = sum(each.missing for each in edges)
    if missing:
        said += " " + ngettext("{n} batch is missing.", "{n} batches are missing.", missing).format(
            n=missing
        )
        do = _("An edge sends what is missing again by itself; after an hour look at it.")
        return Line(verdict="WARN", title=title, said=said, do=do, link=link)
    if now_ms - last_ms > SILENT_MS and any(each.health == "well" for each in edges):
        do = _("Edges are online and nothing comes in: does a process with the role ingest run?")
        return Line(verdict="FAIL", title=title, said=said, do=do, link=link)
    return Line(verdict="PASS", title=title, said=said, link=link)


def _sinks(here: Services, found: Visitor, work: UnitOfWork) -> Iterator[Line]:
    _, ngettext = found.voice.gettext, found.voice.ngettext
    now_ms = here.clock.now_ms()
    sinks = sinks_now(work, here.site.sinks)
    if not sinks:
        said = _("None is configured: nobody outside is told of visits.")
        yield Line(verdict="PASS", title=_("Receivers"), said=said, link="/admin/sinks")
    for each in sinks:
        verdict: Verdict = flow.sink(each.name, each.waiting, each.since_ms, now_ms).verdict
        n = each.waiting
        said = (
            _("Nothing waits.")
            if each.since_ms is None
            else ngettext(
                "{n} event waits, for {time}.", "{n} events wait, the oldest for {time}.", n
            ).format(n=n, time=found.now.for_(each.since_ms))
        )
        do = ""
        if here.metrics.get_sample_value("shopbell_delivery_off", {"sink": each.name}) == 1:
            verdict = "FAIL"
            said += " " + _("It says that it is gone for good.")
            do = _("Mend its address in the settings, then start the server anew.")
        elif each.dead:
            verdict = "WARN" if verdict == "PASS" else verdict
            said += " " + ngettext(
                "{n} event was given up.", "{n} events were given up.", each.dead
            ).format(n=each.dead)
            do = _("Find out why, mend it, then send them again.")
        elif verdict != "PASS":
            do = _("`sink_fails` in the server's log says what it answered.")
        title = _("Receiver {name}").format(name=each.name)
        yield Line(verdict=verdict, title=title, said=said, do=do, link=f"/admin/sinks/{each.name}")


def _jobs(here: Services, found: Visitor, work: UnitOfWork) -> Iterator[Line]:
    _, ngettext = found.voice.gettext, found.voice.ngettext
    now_ms = here.clock.now_ms()
    days = work.day_keys.keys([Day(day) for day in key_days(now_ms)])
    verdict: Verdict = trust.day_keys(days.keys(), now_ms).verdict
    n = len(days)
    said = ngettext("Phones get tokens for {n} day.", "Phones get tokens for {n} days.", n).format(
        n=n
    )
    do = "" if verdict == "PASS" else _("The jobs make keys every hour: do they run?")
    yield Line(verdict=verdict, title=_("Keys of tokens"), said=said, do=do)

    overdue = work.erasures.count_overdue(Millis(now_ms - DONE_MS))
    verdict = trust.erasures(overdue).verdict
    said = (
        ngettext(
            "{n} is not done a day after it was asked for.",
            "{n} are not done a day after they were asked for.",
            overdue,
        ).format(n=overdue)
        if overdue
        else _("None is overdue.")
    )
    do = _("`shopbell-server erasures` says what is missing.") if overdue else ""
    yield Line(verdict=verdict, title=_("Erasures"), said=said, do=do)

    done_s = here.metrics.get_sample_value("shopbell_retention_done_seconds")
    if done_s:
        late = now_ms / 1000 - done_s > RETAINED_WITHIN_S
        said = _("What is due was last let go of {time}.").format(
            time=found.now.ago(Millis(round(done_s * 1000)))
        )
        do = _("`retention` in the server's log says why it stopped.") if late else ""
        yield Line(verdict="WARN" if late else "PASS", title=_("Jobs"), said=said, do=do)
    else:
        said = _("They run in another process, or have not run since this one started.")
        yield Line(verdict="PASS", title=_("Jobs"), said=said)


def _audit(here: Services, found: Visitor, work: UnitOfWork) -> Line:
    _, ngettext = found.voice.gettext, found.voice.ngettext
    title = _("Audit")
    records, signed = work.audit.head().number, work.audit.signed()
    if here.metrics.get_sample_value("shopbell_audit_tampered") == 1:
        said = _(
            "It does not go on from its newest checkpoint: it was changed, or an old backup restored."
        )
        do = _("`shopbell-server audit verify` says where.")
        return Line(verdict="FAIL", title=title, said=said, do=do)
    said = ngettext("{n} record.", "{n} records.", records).format(n=records)
    if not signed:
        said += " " + _("Nobody signs them.")
        do = _("[audit] in the settings: who did what can be proved only if it is signed.")
        return Line(verdict="WARN", title=title, said=said, do=do)
    return Line(verdict="PASS", title=title, said=said)
