"""Everything that the demo's programs need on disk, made anew for every start.

Owns: the data folder: settings, secrets, the seed.
Never: touches a folder that it did not make itself.
"""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shopbell_program.commands import CommandError
from shopbell_sim.core.fob import ALTBEACON_UUID, COMPANY, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from shopbell_sim.core.floor import Floor
    from shopbell_sim.core.plan import PastVisit, Person

TENANT: Final = "demo"
STORE: Final = "demo"
STAFF: Final = "demo"
STORE_NAME: Final = "Shopbell Demo"

RETAILER_UUID: Final = "d3300000-5b0e-4de3-8000-5be110000001"
PREFIX: Final = "5be11dea"

ENTER_LOSS_DB: Final[Mapping[str, float]] = {"door": 14.0, "floor": 22.0, "till": 15.0}
"""Door and till at arm's length and a little; the street is 5 m away. The floor hears most of the shop."""

LEAVE_LOSS_DB: Final[Mapping[str, float]] = {"door": 24.0, "floor": 32.0, "till": 25.0}
"""10 dB more, as everywhere: a body in between must not make anybody leave."""

CAMERA_EDGE: Final = "till"

_MARK: Final = ".shopbell-demo"
"""Says that this folder was made here and may be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Where everything is."""

    path: Path
    sockets: Path

    @property
    def server_toml(self) -> Path:
        """The server's settings."""
        return self.path / "server.toml"

    @property
    def first_seed(self) -> Path:
        """What the database begins with: as little as lets the first customer in."""
        return self.path / "first-seed.json"

    @property
    def history_seed(self) -> Path:
        """What is sown beside the running server: the staff's password, customers, their past."""
        return self.path / "history-seed.json"

    @property
    def live(self) -> Path:
        """What the `/demo` page shows: `floor.json` and `events.ndjson`."""
        return self.path / "live"

    @property
    def camera(self) -> Path:
        """What the till's camera sees."""
        return self.path / "camera"

    @property
    def logs(self) -> Path:
        """What the programs say."""
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        """Passwords and keys, one a file."""
        return self.path / "secrets"

    def edge_toml(self, edge: str) -> Path:
        """Return where the settings of an edge are."""
        return self.path / f"edge-{edge}.toml"

    def socket(self, edge: str) -> Path:
        """Return the simulated air of an edge."""
        return self.sockets / f"{edge}.sock"

    def secret(self, name: str) -> Path:
        """Return the file of a secret."""
        return self.secrets / name

    def read_secret(self, name: str) -> str:
        """Return a secret."""
        return self.secret(name).read_text().strip()


def fresh(path: Path, sockets: Path) -> DemoFolder:
    """Return an empty folder with new secrets. Raises CommandError where something else is there."""
    path = path.absolute()
    if path.exists() and not path.is_dir():
        raise CommandError(f"{path} is a file; name a folder with --data")
    if path.is_dir() and any(path.iterdir()) and not (path / _MARK).is_file():
        raise CommandError(
            f"{path} holds something that the demo did not put there; name another folder with --data"
        )
    try:
        shutil.rmtree(path, ignore_errors=True)
        folder = DemoFolder(path=path, sockets=sockets)
        for each in (path, folder.live, folder.camera, folder.logs, folder.secrets):
            each.mkdir(parents=True, mode=0o700)
        (path / _MARK).write_text("Made by `shopbell-sim demo`, and made anew by the next one.\n")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; name another folder with --data") from error
    for name in ("edge-password", "api-key"):
        _write_secret(folder.secret(name), secrets.token_urlsafe(24))
    # Short enough to be typed on a tablet: 40 bits, and five guesses a minute.
    digits = secrets.token_hex(5)
    _write_secret(folder.secret("staff-password"), f"{digits[:5]}-{digits[5:]}")
    for name in ("pairwise-key", "fixed-id-key"):
        _write_secret(folder.secret(name), secrets.token_hex(32))
    return folder


def write_server(folder: DemoFolder, *, http_port: int, broker_port: int) -> None:
    """Write the server's settings."""
    power_dbm = -59
    folder.server_toml.write_text(
        f"""# Written by `shopbell-sim demo`.
tenant = "{TENANT}"
rules = "demo"

[retailer]
uuid = "{RETAILER_UUID}"
prefix = "{PREFIX}"
power_dbm = {power_dbm}
fixed_id_key_file = {_text(folder.secret("fixed-id-key"))}

[database]
url = {_text(f"sqlite:///{folder.path / 'shopbell.db'}")}

[http]
host = "127.0.0.1"
port = {http_port}

[broker]
host = "127.0.0.1"
port = {broker_port}

[broker.embedded]
data_dir = {_text(folder.path / "broker")}
edge_password_file = {_text(folder.secret("edge-password"))}

[[sinks]]
kind = "file"
name = "cdp"
path = {_text(folder.live / "events.ndjson")}
user_id = "crm"

[delivery]
pairwise_key_file = {_text(folder.secret("pairwise-key"))}

[demo]
folder = {_text(folder.live)}
"""
    )


def write_edges(folder: DemoFolder, floor: Floor, *, broker_port: int, device: int | None) -> None:
    """Write the settings of each edge; `device` is a camera of this machine, for the till."""
    for scanner in floor.scanners:
        edge = scanner.edge
        text = f"""# Written by `shopbell-sim demo`.
tenant = "{TENANT}"
edge = "{edge}"
rules = "demo"

[broker]
host = "127.0.0.1"
port = {broker_port}
protocol = "3.1.1"
username = "edge"
password_file = {_text(folder.secret("edge-password"))}

[retailer]
uuid = "{RETAILER_UUID}"
prefix = "{PREFIX}"

[static]
namespaces = ["{NAMESPACE}"]
altbeacons = [{{ company = {COMPANY}, uuid = "{ALTBEACON_UUID}" }}]

[spool]
path = {_text(folder.path / f"spool-{edge}.db")}
size_mib = 16

[clock]
source = "system"

[sending]
reconnect_wait_s = 1.0

[[radios]]
kind = "socket"
scanner = "{scanner.name}"
path = {_text(folder.socket(edge))}
enter_loss_db = {ENTER_LOSS_DB[edge]}
leave_loss_db = {LEAVE_LOSS_DB[edge]}
"""
        if edge == CAMERA_EDGE:
            text += f"""
[[cameras]]
scanner = "till-camera"
folder = {_text(folder.camera)}
consume = true
"""
            if device is not None:
                text += f"""
[[cameras]]
scanner = "your-camera"
device = {device}
"""
        folder.edge_toml(edge).write_text(text)


def write_first_seed(folder: DemoFolder, floor: Floor) -> None:
    """Write what the database begins with. The staff's password comes later: hashing it takes a while."""
    document = {
        "stores": [_store(floor)],
        "staff": [_STAFF],
        "api_keys": [{"name": "app", "key_file": str(folder.secret("api-key"))}],
    }
    _write_seed(folder.first_seed, document)


def write_history_seed(
    folder: DemoFolder, floor: Floor, people: Sequence[Person], past: Iterable[PastVisit]
) -> int:
    """Write what is sown later; return the number of past visits."""
    visits = [
        {
            "profile": visit.who,
            "store": STORE,
            "edge": visit.edge,
            "start": visit.start.isoformat(),
            "end": visit.end.isoformat(),
            "evidence": visit.evidence,
        }
        for visit in past
    ]
    document = {
        "stores": [_store(floor)],
        "staff": [{**_STAFF, "password_file": str(folder.secret("staff-password"))}],
        "profiles": [
            {
                "id": str(person.who),
                "first_name": person.first_name,
                "language": person.language,
                "external_ids": {"crm": f"crm-{person.who}"},
            }
            for person in people
        ],
        "visits": visits,
    }
    _write_seed(folder.history_seed, document)
    return len(visits)


def edge_command(folder: DemoFolder, edge: str) -> Sequence[str]:
    """Return how an edge is started."""
    return ["shopbell_edge", "run", "--config", str(folder.edge_toml(edge))]


_STAFF: Final = {
    "id": STAFF,
    "name": "Demo",
    "role": "advisor",
    "stores": [STORE],
    "language": "en",
}


def _store(floor: Floor) -> dict[str, Any]:
    return {
        "id": STORE,
        "name": STORE_NAME,
        "timezone": "Europe/Amsterdam",
        "zones": [{"id": zone.id, "name": zone.name} for zone in floor.zones],
        "edges": [{"id": scanner.edge, "zone": scanner.zone} for scanner in floor.scanners],
    }


def _write_seed(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False))  # JSON is YAML


def _write_secret(path: Path, secret: str) -> None:
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n")


def _text(value: object) -> str:
    """Return a TOML string; JSON's are TOML's too."""
    return json.dumps(str(value), ensure_ascii=True)
