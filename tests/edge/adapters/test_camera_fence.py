"""What the decoder's process may not do, asked of the kernel."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shopbell_edge.adapters.camera.child import LIVE_BYTES
from shopbell_edge.adapters.camera.decoder import Decoder, DecoderLostError
from shopbell_edge.adapters.camera.files import Files
from shopbell_edge.adapters.camera.messages import Camera, Live, Ready, Stills
from shopbell_edge.adapters.camera.syscalls import JUDGED, PLAIN, program
from tests.edge.adapters.camera_pictures import PASS, film, on_a_counter, qr
from tests.edge.adapters.test_camera import put
from tests.rigs.waiting import until

INSIDE = """
import ctypes, json, mmap, os, signal, socket, subprocess, sys, threading
from shopbell_edge.adapters.camera import fence

shut, tried, by_another = threading.Event(), threading.Event(), []

def another():
    shut.wait()
    by_another.append(refused(lambda: kept("/etc/passwd")))
    tried.set()

threading.Thread(target=another, daemon=True).start()
missing = fence.shut(64 << 20)
kept = open  # what an attacker would still have

def refused(attempt):
    try:
        attempt()
    except (OSError, MemoryError, RuntimeError) as error:
        return type(error).__name__
    return "allowed"

shut.set()
tried.wait()

def write():
    os.write(os.open("made", os.O_CREAT | os.O_WRONLY), b"x")

print(json.dumps({
    "missing": missing,
    "a thread that was there before": by_another[0],
    "read": refused(lambda: kept("/etc/passwd")),
    "write": refused(write),
    "list": refused(lambda: os.listdir("/")),
    "unlink": refused(lambda: os.unlink(sys.argv[1])),
    "socket": refused(lambda: socket.socket()),
    "unix": refused(lambda: socket.socketpair()),
    "fork": refused(lambda: os.fork()),
    "exec": refused(lambda: os.execv("/bin/true", ["true"])),
    "kill the edge": refused(lambda: os.kill(os.getppid(), 0)),
    "limits of the edge": refused(lambda: __import__("resource").prlimit(os.getppid(), 0)),
    "new code": refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)),
    "terminal": refused(lambda: __import__("fcntl").ioctl(0, 0x5412, b"x")),
    "memory": refused(lambda: bytearray(128 << 20)),
    "some memory": refused(lambda: bytearray(32 << 20)),
    "time": refused(lambda: __import__("time").sleep(0.001)),
}))
sys.stdout.flush()
"""

ALLOWED = {"some memory", "time"}


def test_nothing_is_left_but_computing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("still here")
    done = subprocess.run(
        [sys.executable, "-c", INSIDE, str(victim)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    told = json.loads(done.stdout)
    missing = told.pop("missing")
    if "syscalls" in missing:
        pytest.skip("this kernel takes no system-call filter")
    assert missing == []
    assert {what for what, how in told.items() if how == "allowed"} == ALLOWED
    assert told["memory"] == "MemoryError"
    assert [file.name for file in tmp_path.iterdir()] == ["victim"]


HEADERS = [
    (0, Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")),
    (1, Path("/usr/include/asm-generic/unistd.h")),
]


def of(pid: int | None, what: str) -> Path:
    return Path(f"/proc/{pid}/{what}")


@pytest.mark.parametrize(("column", "header"), HEADERS, ids=["x86_64", "aarch64"])
def test_the_numbers_are_the_kernels(column: int, header: Path) -> None:
    if not header.exists():
        pytest.skip("the kernel's headers (linux-libc-dev) are not here")
    kernels = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    kernels.setdefault("newfstatat", kernels.get("fstatat", ""))  # its name among the generic ones
    for name, numbers in (PLAIN | JUDGED).items():
        number = numbers[column]
        if number is not None:
            assert int(kernels[name]) == number, name


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_fits_the_kernel(machine: str) -> None:
    raw = program(machine, 4711)
    assert len(raw) % 8 == 0
    assert len(raw) // 8 < 4096


def test_a_machine_that_is_not_known_has_no_filter() -> None:
    with pytest.raises(KeyError):
        program("riscv64", 4711)


async def test_the_decoder_says_that_its_fence_is_whole() -> None:
    async with Files(()) as files:
        ready = await files.start()
        status = of(files.pid, "status").read_text()
        limits = of(files.pid, "limits").read_text()
    if platform.machine() in {"x86_64", "aarch64"}:
        assert ready.missing == ()
        assert re.search(r"Seccomp:\s+2\b", status)
    assert re.search(r"NoNewPrivs:\s+1\b", status)
    assert re.search(r"Max file size\s+0\s+0\b", limits)
    assert re.search(r"Max core file size\s+0\s+0\b", limits)
    assert re.search(r"Max processes\s+0\s+0\b", limits)
    opened = re.search(r"Max open files\s+([0-9]+)\s+([0-9]+)\b", limits)
    assert opened is not None
    assert max(map(int, opened.groups())) < 64
    assert re.search(r"Max address space\s+[0-9]+\s+[0-9]+\b", limits)


async def test_the_decoder_inherits_one_socket_and_no_secret(tmp_path: Path) -> None:
    """A camera that does not open keeps it before its fence, where it can be looked into."""
    secret = tmp_path / "mqtt.password"
    secret.write_text("secret")
    (tmp_path / "none.avi").write_text("no film")
    task = Live(device=str(tmp_path / "none.avi"), width=640, height=480, retail=())
    with secret.open() as opened:
        os.set_inheritable(opened.fileno(), True)  # noqa: FBT003  # as the library has it
        async with Decoder(task) as decoder:
            assert await decoder.hear(30) == Camera(state="absent")
            held = {str(each.readlink()) for each in of(decoder.pid, "fd").iterdir()}
            environment = of(decoder.pid, "environ").read_bytes()
    names = {each.partition(b"=")[0].decode() for each in environment.split(b"\0") if each}
    assert {each for each in held if not each.startswith("socket:")} <= {"/dev/null"}
    assert len(held) == 2
    assert {name for name in names if not name.startswith(("OPENCV_", "LC_"))} <= {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
    }


EDGE = """
import asyncio, sys
from shopbell_edge.adapters.camera.files import Files

async def main():
    async with Files(()) as files:
        await files.start()
        print(files.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["waiting", "stopped"])
async def test_the_decoder_dies_with_the_edge(*, stopped: bool) -> None:
    edge = subprocess.Popen([sys.executable, "-c", EDGE], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220  # a second
    with edge:
        assert edge.stdout is not None
        pid = int(edge.stdout.readline())
        if stopped:
            os.kill(pid, signal.SIGSTOP)
        edge.kill()
        await until("gone", lambda: gone(pid))


def gone(pid: int) -> bool:
    """Return whether a process is no more; one that nobody has taken leave of yet does nothing either."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_the_edge_holds_nothing_that_parses_images(tmp_path: Path) -> None:
    put(qr(), tmp_path / "a.png")
    code = f"""
import asyncio, json, sys
from shopbell_edge.adapters.camera.files import Files
from shopbell_edge import daemon
from pathlib import Path

async def main():
    async with Files(()) as files:
        await files.start()
        return (await files.read(Path({str(tmp_path / "a.png")!r})))[0].text

print(json.dumps([asyncio.run(main()), sorted({{"cv2", "numpy", "zxingcpp"}} & set(sys.modules))]))
"""
    done = subprocess.run(  # noqa: ASYNC221  # a second
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50
    )
    assert json.loads(done.stdout) == [PASS, []]


async def test_a_picture_that_computes_for_ever_ends_the_decoder() -> None:
    """Made with the alarm itself: nobody has a picture that takes so long."""
    code = """
from shopbell_edge.adapters.camera import fence
with fence.at_most(0.05):
    pass
sum(range(10_000_000))
fence.shut(64 << 20)
with fence.at_most(0.05):
    while True:
        pass
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=50)  # noqa: ASYNC221  # a second
    assert done.returncode == -signal.SIGPROF


async def test_how_a_decoder_ended_is_told() -> None:
    for number, reason in ((signal.SIGPROF, "decoder_slow"), (signal.SIGKILL, "decoder_died")):
        async with Decoder(Stills(retail=())) as decoder:
            assert isinstance(await decoder.hear(30), Ready)
            os.kill(decoder.pid, number)
            with pytest.raises(DecoderLostError, match=reason):
                await decoder.hear(30)


async def test_the_edge_alone_says_when_a_decoder_ends(tmp_path: Path) -> None:
    """A terminal and systemd signal the whole group."""
    put(qr(), tmp_path / "a.png")
    async with Files(()) as files:
        await files.start()
        assert files.pid is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(files.pid, number)
        pid = files.pid
        assert [code.text for code in await files.read(tmp_path / "a.png")] == [PASS]
        assert files.pid == pid


async def test_no_frame_is_ever_stored(tmp_path: Path) -> None:
    """Film and photograph are all that is there before, and all that is there after."""
    work = tmp_path / "work"
    work.mkdir()
    path = film(tmp_path / "film.avi", on_a_counter(qr()), 20)
    code = f"""
import asyncio
from shopbell_edge.adapters.camera.live import LiveCamera
from shopbell_edge.adapters.camera.messages import Live

async def main():
    task = Live(device={str(path)!r}, width=640, height=480, retail=())
    camera = LiveCamera("cam0", task, lambda *_: None, lambda low, _: low)
    async for code in camera.codes(print):
        print(code.format)
        break

asyncio.run(main())
"""
    environment = {
        **os.environ,
        "TMPDIR": str(work),
        "HOME": str(work),
        "XDG_CACHE_HOME": str(work),
    }
    done = subprocess.run(  # noqa: ASYNC221  # a second
        [sys.executable, "-c", code],
        cwd=work,
        env=environment,
        capture_output=True,
        check=False,
        timeout=50,
    )
    assert b"QR Code" in done.stdout
    assert PASS.encode() not in done.stdout + done.stderr
    assert under(work) == []
    assert under(tmp_path) == ["film.avi", "work"]


def under(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*"))


def test_a_live_decoder_has_room_for_the_largest_frame() -> None:
    colour, copies = 4096 * 3072 * 3, 3
    assert colour * copies + 64 * 1024 * 1024 < LIVE_BYTES
