"""What an edge needs to be there: nothing of the server's, and of a camera's nothing without a camera."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import shopbell_edge

SERVER_STACK = (
    "alembic",
    "argon2",
    "fastapi",
    "httpcore2",
    "httpx2",
    "jinja2",
    "psycopg",
    "pydantic",
    "shopbell_server",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
    "yaml",
)
CAMERA_STACK = ("cv2", "numpy", "zxingcpp")
UNLESS_CONFIGURED = ("cryptography", "prometheus_client")
"""Ten megabytes: for `[numbers]` and `[orders]`, and for `[metrics]`."""

BLOCKED = """
import importlib, json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

blocked, modules = json.loads(sys.argv[1])
sys.meta_path.insert(0, Absent())
for module in modules:
    importlib.import_module(module)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_without(blocked: tuple[str, ...], modules: list[str]) -> set[str]:
    """Return the packages that importing `modules` loads where those in `blocked` are not installed."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, json.dumps([blocked, modules])],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.stderr == ""
    return set(json.loads(done.stdout))


def every_module() -> list[str]:
    root = Path(shopbell_edge.__file__).parent
    files = (path.relative_to(root.parent) for path in root.rglob("*.py"))
    return sorted(".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files)


def test_nothing_of_the_edge_needs_the_server() -> None:
    assert len(every_module()) > 50
    assert "shopbell_edge" in loaded_without(SERVER_STACK, every_module())


def test_an_edge_without_a_camera_needs_no_camera_stack() -> None:
    modules = [name for name in every_module() if ".adapters.camera." not in name]
    assert loaded_without((*SERVER_STACK, *CAMERA_STACK), modules) & {"bleak", "paho"} == {
        "bleak",
        "paho",
    }


def test_the_daemon_of_an_edge_loads_nothing_that_it_does_not_use() -> None:
    """Where everything is installed, as in the demo: memory is counted on a small machine."""
    loaded = loaded_without((), ["shopbell_edge.__main__", "shopbell_edge.daemon"])
    assert loaded & {*SERVER_STACK, *CAMERA_STACK, *UNLESS_CONFIGURED} == set()
