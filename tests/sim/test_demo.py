"""The whole demo, as a visitor starts it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import ProfileId
from shopbell_server.usecases.sow import past_self
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START_S = 60.0
"""Everything but the test's own work: eight programs on two busy cores."""


@dataclass(frozen=True)
class Running:
    process: asyncio.subprocess.Process
    out: Path
    data: Path

    @property
    def said(self) -> str:
        return self.out.read_text()

    @property
    def link(self) -> str | None:
        found = re.search(r"http\S+/login\?link=\S+", self.said)
        return found.group(0) if found else None


def _children(pid: int) -> set[int]:
    """Return the ids of every process below `pid`, theirs included."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if stat[0] != "Z":
                parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


COUNTS_PROCESSES = Path("/proc/self/stat").exists()


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Running]:
    if not COUNTS_PROCESSES:
        pytest.skip("counts processes in /proc, which this system has not")
    out = tmp_path / "out"
    with out.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "shopbell_sim", "demo", "--port", "0", "--shoppers", "8"),
            *("--data", str(tmp_path / "data")),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "CAMERA": "", "LAN": ""},
        )
    running = Running(process=process, out=out, data=tmp_path / "data")
    try:
        yield running
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 30)


async def _invited(demo: Running) -> str:
    await until(
        f"a signed-in link ({demo.out})",
        lambda: demo.link is not None or demo.process.returncode is not None,
        within_s=START_S,
    )
    link = demo.link
    assert link is not None, demo.said
    return link


def _events(demo: Running) -> list[dict[str, Any]]:
    file = demo.data / "live" / "events.ndjson"
    if not file.is_file():
        return []
    return [
        json.loads(line) for line in file.read_text().splitlines(keepends=True) if line[-1] == "\n"
    ]


@pytest.mark.timeout(240)  # somebody looks around, queues and pays meanwhile
async def test_a_visitor_sees_customers_come_and_ctrl_c_leaves_nothing(demo: Running) -> None:
    link = await _invited(demo)
    await until("more edges", lambda: "more edges start" in demo.said, within_s=START_S)
    children = _children(demo.process.pid)
    assert len(children) >= 5, "server, its broker, three edges"

    async with httpx2.AsyncClient(follow_redirects=True, trust_env=False) as visitor:
        page = await visitor.get(link)
        # Plain http: a browser sends our cookie to loopback, httpx does not.
        session = {"cookie": page.history[0].headers["set-cookie"].partition(";")[0]}
        base = str(page.url.copy_with(path="/", query=None)).rstrip("/")
        page = await visitor.get(f"{base}/demo", headers=session)
        assert "twenty times" in page.text

        async def rows() -> list[dict[str, Any]]:
            await asyncio.sleep(0.2)  # as often as a tablet may ask
            answer = await visitor.get(f"{base}/v1/stores/demo/present", headers=session)
            found: list[dict[str, Any]] = answer.json()["rows"]
            return found

        async def checked_in() -> bool:
            return any(row["evidence"] == "pass" for row in await rows())

        async def converted() -> bool:
            await asyncio.sleep(0.2)
            answer = await visitor.get(f"{base}/v1/visits?page_size=200", headers=session)
            found: list[dict[str, Any]] = answer.json()["visits"]
            return any(visit["converted"] for visit in found)

        async def by_signal() -> bool:
            return any(row["evidence"] in ("signal", "fresh") for row in await rows())

        await until("the pass is on the board", checked_in, within_s=20)
        await until("a phone is on the board", by_signal, within_s=60)
        state = (await visitor.get(f"{base}/demo/state", headers=session)).json()
        assert state["floor"]["people"]
        assert state["events"]
        assert state["position"] > 0
        strangers = await visitor.get(f"{base}/demo/state")
        assert strangers.status_code == 401
        await _others_join(demo, base)
        await until("a visit is converted", converted, within_s=120)

    kinds = {event["type"] for event in _events(demo)}
    assert {"shopbell.customer.recognized.v1", "shopbell.visit.started.v1"} <= kinds
    truth = [
        json.loads(line) for line in (demo.data / "live" / "truth.ndjson").read_text().splitlines()
    ]
    assert {"person", "entered", "showed_pass", "bought"} <= {line["what"] for line in truth}

    children |= _children(demo.process.pid)
    demo.process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(demo.process.wait(), 30) == 0
    assert "nothing is left running" in demo.said
    assert not _alive(children)


@pytest.mark.timeout(120)
async def test_the_first_row_comes_first_and_the_past_is_sown_beside_the_running_shop(
    demo: Running,
) -> None:
    link = await _invited(demo)
    assert "first customer recognised at the till" in demo.said.partition(link)[0]
    base = link.partition("/login")[0]
    await until(
        f"the past and the password ({demo.out})",
        lambda: "password: " in demo.said or demo.process.returncode is not None,
        within_s=START_S,
    )
    told = re.search(r"history: (\d+) visits of the last 30 days", demo.said)
    assert told is not None, demo.said
    visits, sown_ms = _past(demo)
    assert visits == int(told[1]) > 0

    events = _events(demo)
    kinds = [event["type"] for event in events]
    recognised = events[kinds.index("shopbell.customer.recognized.v1")]
    assert _ms(recognised["recordedtime"]) < sown_ms, "her row was there before"
    began_ms = json.loads((demo.data / "live" / "truth.ndjson").read_text().splitlines()[1])[
        "at_ms"
    ]
    assert all(_ms(event["time"]) > began_ms - 60_000 for event in events), "nobody is told of it"

    password = (demo.data / "secrets" / "staff-password").read_text().strip()
    async with httpx2.AsyncClient(base_url=base, trust_env=False) as visitor:
        answer = await visitor.post(
            "/login", json={"staff": "demo", "password": password}, headers={"Origin": base}
        )
        assert answer.status_code == 204
        session = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        present = (await visitor.get("/v1/stores/demo/present", headers=session)).json()
        (hers,) = [row for row in present["rows"] if row["evidence"] == "pass"][:1]
        assert hers["first_name"] == "Sanne", "her past is not her visit"


def _past(demo: Running) -> tuple[int, int]:
    """Return how many past visits the database has, and when the first of them were sown."""
    settings = read_settings(demo.data / "server.toml")
    people = [past_self(ProfileId(f"demo-{number:03d}")) for number in range(1, 9)]
    with closing(open_database(settings)) as database, database.read() as work:
        count = sum(len(work.visits.of_person(person)) for person in people)
        sown = [each.revoked_ms or 0 for each in work.people.enrolments(people).values()]
    return count, min(sown)


def _ms(at: str) -> float:
    return datetime.fromisoformat(at).timestamp() * 1000


@pytest.mark.timeout(120)
async def test_a_child_that_dies_ends_the_demo_and_is_named(demo: Running) -> None:
    await _invited(demo)
    await until("more edges", lambda: "more edges start" in demo.said, within_s=START_S)
    children = _children(demo.process.pid)
    edge = next(pid for pid in children if "edge-floor" in _command(pid))
    os.kill(edge, signal.SIGKILL)
    assert await asyncio.wait_for(demo.process.wait(), 40) == 1
    assert "edge-floor ended by itself" in demo.said
    assert not _alive(children)


async def _others_join(demo: Running, server: str) -> None:
    """Let a scenario and a lone phone use the edges of the demo, as tests of the chain do."""
    key_file = demo.data / "secrets" / "api-key"
    radios = {
        edge: re.findall(
            r'(?m)^path = "(.+\.sock)"$', (demo.data / f"edge-{edge}.toml").read_text()
        )[0]
        for edge in ("door", "till")
    }
    scenario = demo.data / "scenario.toml"
    scenario.write_text(
        f'server = "{server}"\napi_key_file = "{key_file}"\n'
        f'duration_s = 4\nshoppers = 2\nseed = 3\ncamera_folder = "{demo.data / "camera"}"\n'
        'store = "demo"\n'
        f'[[scanners]]\nname = "door"\nradio = "{radios["door"]}"\nx = 4\ny = 10.6\nduty = 0.67\n'
        f'[[scanners]]\nname = "till"\nradio = "{radios["till"]}"\nx = 20\ny = 12\n'
    )
    truth = demo.data / "truth.ndjson"
    code, said = await _sim("run", str(scenario), "--truth", str(truth))
    assert (code, said) == (0, "")
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    assert [line["what"] for line in lines[:2]] == ["person", "person"]
    enrolment = demo.data / "phone.json"
    enrolment.write_bytes(await _enrolled(server, key_file.read_text().strip()))
    phone = ("phone", "--enrolment", str(enrolment), "--server", server, "--seconds", "1")
    code, said = await _sim(*phone, "--radio", radios["door"])
    assert code == 0, said
    assert "sending as android" in said


async def _enrolled(server: str, api_key: str) -> bytes:
    async with httpx2.AsyncClient(base_url=f"{server}/v1/app/", trust_env=False) as app:
        ticket = await app.post(
            "tickets",
            json={"profile_id": "lone"},
            headers={"Authorization": f"Bearer {api_key}"},
        )
        consent = {
            "purpose": "recognise_in_store",
            "state": "given",
            "text_version": "1",
            "text_sha256": "00" * 32,
            "language": "en",
        }
        body = {"ticket": ticket.json()["ticket"], "consents": [consent]}
        return (await app.post("enrolments", json=body)).content


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.parametrize(
    ("arguments", "ends_with", "says"),
    [
        (["--shoppers", "1"], 2, "2 to 99"),
        (["--port", "70000"], 2, "0 to 65535"),
        (["--data", "{full}"], 1, "did not put there"),
        (["--data", "{file}"], 1, "is a file"),
        (["--port", "{taken}"], 1, "shopbell_sim/__main__.py demo --port"),
    ],
)
async def test_what_cannot_be_done_is_said(
    arguments: list[str], ends_with: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("precious")
    (tmp_path / "file").write_text("precious")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        places = {
            "full": tmp_path / "full",
            "file": tmp_path / "file",
            "taken": other.getsockname()[1],
        }
        given = [each.format_map(places) for each in arguments]
        code, said = await _sim("demo", "--port", "0", "--data", str(tmp_path / "new"), *given)
    assert code == ends_with
    assert says in said
    assert "Traceback" not in said
    assert (tmp_path / "full" / "mine").read_text() == "precious"


async def test_a_camera_that_is_no_number_is_refused() -> None:
    code, said = await _sim("demo", CAMERA="front")
    assert code == 2
    assert "write CAMERA=0" in said


async def test_a_scenario_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    scenario = tmp_path / "bad.toml"
    scenario.write_text(
        'server = "ftp://x"\napi_key_file = "/none"\nduration_s = 1\nscanners = []\n'
    )
    code, said = await _sim("run", str(scenario), "--truth", str(tmp_path / "truth"))
    assert code == 2
    for wrong in ("scanners: missing", "api_key_file: there is no file", "server: must begin"):
        assert wrong in said
    assert not (tmp_path / "truth").exists()


@pytest.mark.parametrize(
    ("arguments", "ends_with", "says"),
    [
        (("--enrolment", "/none", "--radio", "x"), 1, "name another file with --enrolment"),
        (
            ("--enrolment", "{bad}", "--radio", "x"),
            1,
            "is not an answer of POST /v1/app/enrolments",
        ),
        (("--enrolment", "{bad}", "--radio", "x", "--distance", "0"), 2, "write metres"),
        (("--enrolment", "{bad}", "--radio", "x", "--interval", "1"), 2, "20 to 10240 ms"),
    ],
)
async def test_a_phone_says_what_is_wrong(
    arguments: tuple[str, ...], ends_with: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_text("{}")
    code, said = await _sim("phone", *(each.format(bad=tmp_path / "bad") for each in arguments))
    assert code == ends_with
    assert says in said


@pytest.mark.parametrize("command", [(), ("demo",), ("run",), ("phone",)])
async def test_every_command_helps_with_an_example(command: tuple[str, ...]) -> None:
    code, said = await _sim(*command, "--help")
    assert code == 0
    assert "example: " in said


async def _sim(*arguments: str, **environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shopbell_sim", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "CAMERA": "", "LAN": "", **environment},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, said.decode()
