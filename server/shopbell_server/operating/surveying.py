"""`shopbell-server survey …`: floors surveyed at the terminal. No running server is needed but to record.

Owns: what an operator is asked and reads, and files of surveys.
Never: what is heard of anybody: only what a scanner heard of the phone at the points is kept.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.new_file import write_instead
from shopbell_server.assembly import open_database
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import ProfileId, StoreId
from shopbell_server.core.observations import KEPT_MS
from shopbell_server.core.zones.survey_check import FEWEST, checked
from shopbell_server.core.zones.survey_text import (
    WALK_HEADING,
    SurveyTextError,
    parsed,
    stand_line,
    stands_in,
    written,
)
from shopbell_server.core.zones.survey_walk import SHORTEST_MS, Stand
from shopbell_server.operating.terminal import printable
from shopbell_server.system import SystemClock, user_name
from shopbell_server.usecases.staff.surveys import (
    NoPhoneError,
    NoPlanError,
    level_of,
    phone_of,
    plan_of,
    put_survey,
    record,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.zones.plan import Level, Survey
    from shopbell_server.core.zones.survey_check import Checked
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.world import ServerClock

T = TypeVar("T")

IN_HAND_M: Final = 1.2
"""How high a phone is that somebody holds, where the surveyor does not say."""


def record_walk(settings: Settings, arguments: argparse.Namespace) -> None:
    """Ask for points, or read them, and add what was heard there to the survey."""
    store, level = StoreId(arguments.store), arguments.level
    profile = None if arguments.profile is None else ProfileId(arguments.profile)
    with _opened(settings) as database:
        with database.read() as work:
            name = level_of(plan_of(work, store), store, level).name
            person = phone_of(work, person=arguments.person, profile=profile)
        kept = None
        if arguments.points is None:
            kept = WalkFile(arguments.walk or Path(f"{store}-{name}.walk.csv"))
            with kept.open():
                stands = Walk(sys.stdin.readline, SystemClock(), kept).stands()
        else:
            stands = _read(arguments.points, stands_in)
        if not stands:
            raise UsageError("no point was given; stand at one and type its x and y")
        walked = record(
            database,
            SystemClock().now_ms(),
            store=store,
            level=level,
            person=person,
            stands=stands,
            actor=Actor(kind="operator", name=user_name()),
            instead=arguments.instead,
        )
    unheard = 0
    for each in walked.readings:
        heard = len(each.heard_dbm)
        unheard += heard == 0
        print(f"{each.x_m:g} {each.y_m:g}: {heard} of {len(walked.survey.receivers)} scanners")
    if unheard == len(walked.readings):
        raise CommandError(
            "no scanner of this level reported the phone at these points: is it sending, does it allow "
            "recognition, and did the server run? Reports are kept for a day"
            + ("" if kept is None else f". {kept.path} keeps the points: mend that, and resume")
        )
    if kept is not None:
        kept.throw_away()
    print(f"{len(walked.readings) - unheard} points added; the survey has {_count(walked.survey)}")
    if arguments.out is not None:
        _write(arguments.out, walked.survey)


def check(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what is known of a survey; return 1 if something has to be mended."""
    store = StoreId(arguments.store)
    with _opened(settings) as database, database.read() as work:
        plan = plan_of(work, store)
        levels = (
            plan.levels
            if arguments.level is None and arguments.file is None
            else (level_of(plan, store, arguments.level),)
        )
    good = True
    for level in levels:
        survey = level.survey if arguments.file is None else _read(arguments.file, parsed)
        if survey is None:
            print(f"{level.name}: no survey; `shopbell-server survey record {store}` makes one")
            good = False
            continue
        found = checked(level, survey)
        for line in _told(level, found):
            print(line)
        good = good and found.is_good
    return 0 if good else 1


def bring(settings: Settings, arguments: argparse.Namespace) -> None:
    """Let a file be the survey of a level."""
    survey, store = _read(arguments.file, parsed), StoreId(arguments.store)
    with _opened(settings) as database:
        with database.read() as work:
            level = level_of(plan_of(work, store), store, arguments.level)
        names = [spot.name for spot in level.spots]
        if not set(names) & set(survey.receivers):
            raise CommandError(
                f"{arguments.file}:1: none of its receivers hangs on level {level.name}; "
                f"name the columns {', '.join(names)}"
            )
        put_survey(database, store=store, level=level.name, survey=survey)
    print(f"{level.name}: a survey of {_count(survey)}; `shopbell-server survey check` judges it")


def take_out(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write the survey of a level into a file."""
    store = StoreId(arguments.store)
    with _opened(settings) as database, database.read() as work:
        level = level_of(plan_of(work, store), store, arguments.level)
    if level.survey is None:
        raise CommandError(f"{level.name} has no survey; `survey record {store}` makes one")
    _write(arguments.file, level.survey)


def delete(settings: Settings, arguments: argparse.Namespace) -> None:
    """Throw the survey of a level away."""
    with _opened(settings) as database:
        before = put_survey(
            database, store=StoreId(arguments.store), level=arguments.level, survey=None
        )
    print("there was no survey" if before is None else f"threw away {_count(before)}")


@dataclass(slots=True)
class Walk:
    """A surveyor who types where she stands, and when she goes on."""

    line: Callable[[], str]
    """The next one with its end; empty at the end of the input."""

    clock: ServerClock

    kept: WalkFile

    def stands(self) -> list[Stand]:
        """Return when she stood where, until an empty line or the end of the input.

        With what was kept of a walk that was broken off, if she says so.
        """
        found = self._resumed()
        print(
            f"Stand at a point; type its x and y in metres (and z of the phone, {IN_HAND_M:g} if left out). "
            f"An empty line ends. {self.kept.path} keeps the points until then: broken off, go on from them "
            "by the same command."
        )
        for x_m, y_m, z_m in self._points():
            from_ms = self.clock.now_ms()
            print(
                f"Stand there for {SHORTEST_MS // 1000} s or longer, then press Enter.", flush=True
            )
            self.line()
            stand = Stand(x_m=x_m, y_m=y_m, z_m=z_m, from_ms=from_ms, to_ms=self.clock.now_ms())
            if stand.is_long_enough:
                self.kept.add(stand)
                found.append(stand)
            else:
                stood_s = (stand.to_ms - from_ms) // 1000
                print(f"Only {stood_s} s: this point does not count; type it again.")
        return found

    def _resumed(self) -> list[Stand]:
        before = self.kept.stands()
        if not before:
            return []
        now_ms = self.clock.now_ms()
        there = [each for each in before if each.from_ms >= now_ms - KEPT_MS]
        gone = len(before) - len(there)
        print(
            f"{self.kept.path}: {len(before)} points of a walk that was broken off"
            + (f", {gone} of them older than a day: what was heard there is gone" if gone else "")
            + ". Type resume to go on from them, or discard to throw them away.",
            flush=True,
        )
        while line := self.line():
            match line.strip().lower():
                case "resume":
                    return there
                case "discard":
                    self.kept.throw_away()
                    return []
                case _:
                    print("Type resume or discard.", flush=True)
        raise UsageError(f"{self.kept.path} keeps points of a walk; type resume or discard")

    def _points(self) -> Iterator[tuple[float, float, float]]:
        while line := self.line().strip():
            try:
                numbers = [float(each) for each in line.replace(",", " ").split()]
            except ValueError:
                numbers = []
            if len(numbers) not in {2, 3} or not all(abs(each) < 10_000 for each in numbers):  # noqa: PLR2004  (as it says)
                print(f"{printable(line[:40])} is no point: type x and y in metres, as 3.5 2")
                continue
            yield numbers[0], numbers[1], (*numbers, IN_HAND_M)[2]


@dataclass(frozen=True, slots=True)
class WalkFile:
    """Points of a walk, each on the disk as soon as it was walked, until the survey has them."""

    path: Path

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Find out whether points can be kept here, before any is walked; leave no file without one."""
        self._append("")
        try:
            yield
        finally:
            if self.path.exists() and self.path.stat().st_size == 0:
                self.path.unlink()

    def stands(self) -> list[Stand]:
        """Return what is kept of a walk that was broken off. A point that was cut off was not walked."""
        text = _read(self.path, str)
        if not text:
            return []
        whole = text[: text.rfind("\n") + 1]
        found = _read(self.path, lambda _: stands_in(whole))
        os.truncate(self.path, len(whole.encode()))
        return found

    def add(self, stand: Stand) -> None:
        """Keep a point, for good when this returns."""
        begins = not self.path.exists() or self.path.stat().st_size == 0
        self._append((WALK_HEADING if begins else "") + stand_line(stand))

    def throw_away(self) -> None:
        """Forget the points."""
        self.path.unlink(missing_ok=True)

    def _append(self, text: str) -> None:
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise CommandError(
                f"{self.path}: {error.strerror}; name another file with --walk"
            ) from None


def _told(level: Level, found: Checked) -> Iterator[str]:
    yield f"{level.name}: {found.points} points, {len(level.spots)} scanners"
    for zone, points in found.points_of.items():
        yield f"  {zone}: {points} points" + ("" if points else "; walk there")
    for gap in found.gaps:
        yield (
            f"  {gap.zone}: {gap.x_m:.1f} {gap.y_m:.1f} is {gap.far_m:.1f} m from the next point; walk there"
        )
    if found.outside:
        yield f"  {found.outside} points lie outside the level: are they metres from its origin?"
    for name in found.silent:
        yield f"  {name} heard none of the points: is it on, and where the plan says?"
    for name in found.unknown:
        yield f"  {name} is no scanner of this level; it does not count"
    crossed = found.crossed
    if crossed is None:
        yield f"  too few points to say how wrong the map is; walk {FEWEST} or more"
        return
    yield (
        f"  left-out points are found {crossed.mean_m:.1f} m off on average "
        f"(worst tenth {crossed.worst_tenth_m:.1f} m), {100 * crossed.right_zone:.0f} % in their zone"
    )
    for each in crossed.mixed:
        yield (
            f"  {100 * each.share:.0f} % of {each.zone} are found in {each.other}: "
            "one more scanner near the line between them, or make one zone of both"
        )


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[SqlDatabase]:
    try:
        with contextlib.closing(open_database(settings)) as database:
            yield database
    except (NoPlanError, NoPhoneError) as error:
        raise CommandError(str(error)) from None


def _read(path: Path, meaning: Callable[[str], T]) -> T:
    try:
        return meaning(path.read_text(encoding="utf-8-sig"))
    except SurveyTextError as error:
        raise CommandError(f"{path}:{error.line}: {error.problem}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: is no text in UTF-8; export it again") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; name a file that can be read") from None


def _write(path: Path, survey: Survey) -> None:
    try:
        write_instead(path, written(survey).encode())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; name another file") from None
    print(f"{path}: {_count(survey)}")


def _count(survey: Survey) -> str:
    return f"{len(survey.readings)} points of {len(survey.receivers)} scanners"
