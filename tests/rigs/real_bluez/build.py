"""The guest's kernel and file system, built once from Debian packages and kept under .cache/.

Needs root (mmdebstrap unpacks device nodes and chroots to ask the loader for libraries) on Debian, since the
packages come from wherever apt on this machine is configured to get them.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import lzma
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.shared import ROOT

HERE: Final = Path(__file__).parent
GUEST: Final = HERE / "guest"
CACHE: Final = ROOT / ".cache" / "real_bluez"

PACKAGES: Final = (
    "bluez",
    "dbus-daemon",
    "dbus-bin",
    "busybox-static",
    "kmod",
    "linux-image-amd64",
)
PROGRAMS: Final = (
    "usr/libexec/bluetooth/bluetoothd",
    "usr/bin/dbus-daemon",
    "usr/bin/dbus-send",
)
MODULES: Final = (
    "virtio_pci",
    "virtio_net",
    # What bluetooth.ko asks for by name at run time, so that no dependency lists it:
    "crc32c_generic",
    "cmac",
    "ecb",
    "aes_generic",
    "ecdh_generic",
    "algif_hash",
    "algif_skcipher",
    "bluetooth",
    "hci_vhci",
)
TOOLS: Final = {
    "mmdebstrap": "mmdebstrap",
    "gcc": "gcc libc6-dev",
    "cpio": "cpio",
    "modprobe": "kmod",
    "busybox": "busybox-static",
}
"""What the build runs, and the package that brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """What a virtual machine boots."""

    kernel: Path
    initramfs: Path


def missing() -> str | None:
    """Return what is missing to run the guest, and how to get it; None if nothing is."""
    if platform.machine() != "x86_64":
        return "the guest is x86-64 only"
    lacking = [] if shutil.which("qemu-system-x86_64") else ["qemu-system-x86"]
    if _place().is_dir():
        return f"apt-get install {' '.join(lacking)}" if lacking else None
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return "the guest is built as root on Debian"
    lacking += [package for tool, package in TOOLS.items() if not _which(tool)]
    return f"apt-get install {' '.join(lacking)}" if lacking else None


def appliance() -> Appliance:
    """Return the guest, built if these sources were not built before (20 to 60 s)."""
    place = _place()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # two test runs may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                made = _build(Path(scratch))
                made.rename(place)
    return Appliance(kernel=place / "kernel", initramfs=place / "initramfs.gz")


def _place() -> Path:
    sources = [Path(__file__), *sorted(GUEST.iterdir())]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    return CACHE / f"{_suite()}-{digest.hexdigest()[:16]}"


def _suite() -> str:
    release = platform.freedesktop_os_release()
    return release.get("VERSION_CODENAME", "unknown")


def _build(scratch: Path) -> Path:
    debian, image, made = scratch / "debian", scratch / "image", scratch / "made"
    made.mkdir()
    _unpack_debian(debian)
    (version,) = [path.name for path in (debian / "usr/lib/modules").iterdir()]
    shutil.copy(debian / f"boot/vmlinuz-{version}", made / "kernel")
    _programs(debian, image)
    _modules(debian, image, version)
    _configuration(image)
    _pack(image, made / "initramfs.gz")
    return made


def _unpack_debian(into: Path) -> None:
    """Unpack PACKAGES and what they need, from the archives that apt here is configured with."""
    archives = _run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                    "Created-By: Packages")  # fmt: skip
    lines = sorted({line for line in archives.splitlines() if line.split()[1].startswith(_suite())})
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    _run(
        "mmdebstrap",
        "--variant=extract",
        "--quiet",
        f"--include={','.join(PACKAGES)}",
        "--format=directory",
        _suite(),
        str(into),
        *(f"deb [signed-by={key}] {line}" for line in lines),
    )
    for name in ("bin", "sbin", "lib", "lib64"):  # unpacked, not configured: usrmerge did not run
        if not (into / name).exists():
            (into / name).symlink_to(f"usr/{name}")
    # Some packages still ship modules under /lib; it is one folder on a Debian that runs.
    if not (into / "lib").is_symlink():
        shutil.copytree(into / "lib", into / "usr/lib", dirs_exist_ok=True, symlinks=True)


def _programs(debian: Path, image: Path) -> None:
    """Copy PROGRAMS and the libraries that the loader would take for them; compile the relay."""
    libraries = {"/lib64/ld-linux-x86-64.so.2"}
    for program in PROGRAMS:
        _copy(debian, image, f"/{program}")
        listed = _run("chroot", str(debian), "/lib64/ld-linux-x86-64.so.2", "--list", f"/{program}")
        libraries |= {word for word in listed.split() if word.startswith("/") and ".so" in word}
    for library in sorted(libraries):
        _copy(debian, image, library)
    bin_ = image / "bin"
    bin_.mkdir(exist_ok=True)
    for program in PROGRAMS[1:]:
        (bin_ / Path(program).name).symlink_to(f"/{program}")
    busybox = next(path for path in debian.glob("**/bin/busybox") if path.is_file())
    shutil.copy(busybox, bin_ / "busybox")
    (bin_ / "sh").symlink_to("busybox")
    relay = str(bin_ / "relay")
    _run("gcc", "-static", "-O2", "-Wall", "-Wextra", "-o", relay, str(GUEST / "relay.c"))


def _modules(debian: Path, image: Path, version: str) -> None:
    """Copy MODULES and what they depend on, uncompressed, with the order in which to insert them."""
    _run("depmod", "-b", str(debian), version)
    order: dict[str, None] = {}
    folder = image / "lib/modules"
    folder.mkdir(parents=True)
    for module in MODULES:
        steps = subprocess.run(
            [
                _which("modprobe") or "modprobe",
                "-d",
                str(debian),
                "-S",
                version,
                "--show-depends",
                module,
            ],
            check=False,  # built into the kernel on some versions: nothing to insert
            capture_output=True,
            text=True,
        )
        for line in steps.stdout.splitlines():
            if line.startswith("insmod "):
                path = Path(line.split()[1])
                name = path.name.removesuffix(".xz")
                target = folder / name
                if path.suffix == ".xz":
                    target.write_bytes(lzma.decompress(path.read_bytes()))
                else:
                    shutil.copy(path, target)
                order[name] = None
    (folder / "order").write_text("".join(f"{name}\n" for name in order))


def _configuration(image: Path) -> None:
    for folder in ("etc/bluetooth", "proc", "sys", "dev"):
        (image / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(GUEST / "bus.conf", image / "etc/bus.conf")
    (image / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (image / "etc/group").write_text("root:x:0:\n")
    for name, target in (("init", "init"), ("start-bluetoothd", "bin/start-bluetoothd")):
        shutil.copy(GUEST / name, image / target)
        (image / target).chmod(0o755)


def _pack(image: Path, into: Path) -> None:
    names = "\n".join(sorted(str(path.relative_to(image)) for path in image.rglob("*")))
    archive = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        check=True,
        cwd=image,
        input=names.encode(),
        stdout=subprocess.PIPE,
    )
    with gzip.open(into, "wb", compresslevel=6) as packed:
        packed.write(archive.stdout)


def _copy(debian: Path, image: Path, path: str) -> None:
    target = image / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(debian / path.lstrip("/"), target)


def _which(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _run(tool: str, *arguments: str) -> str:
    return _run_bytes(tool, *arguments).decode()


def _run_bytes(tool: str, *arguments: str) -> bytes:
    """Run a tool; raise RuntimeError with the end of what it complained of."""
    done = subprocess.run(
        [_which(tool) or tool, *arguments], check=False, capture_output=True, timeout=300
    )
    if done.returncode:
        complaint = done.stderr.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{tool} failed with {done.returncode}: {complaint}")
    return done.stdout
