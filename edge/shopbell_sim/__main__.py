"""`shopbell-sim`: the shop that isn't there.

What a command needs is loaded when it runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from shopbell_program.commands import UsageError, loading, run
from shopbell_sim.days import command as days
from shopbell_sim.load import command as load
from shopbell_sim.replay_asked import REGIMES, Replay

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no public name


def main() -> None:
    """Run the command line. Who is told to end cleans up first: no hidden folder of a day stays."""
    signal.signal(signal.SIGTERM, _end)
    sys.exit(run(_command))


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def _command() -> int | None:
    arguments = _parser().parse_args()
    command = {
        "demo": _demo,
        "run": _run,
        "phone": _phone,
        "replay": _replay,
        "load": load.perform,
        "day": days.perform,
    }[arguments.command]
    return command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shopbell-sim",
        description="A shop that isn't there: people, phones and radio before real edges and a real server.",
        epilog="example: shopbell-sim demo --port 8500",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    text = "broker, server, three edges and forty shoppers on this machine"
    one = commands.add_parser(
        "demo",
        help=text,
        description=f"Run {text}; print a link that is signed in. Ctrl-C stops everything.",
        epilog="example: CAMERA=0 LAN=1 shopbell-sim demo --data /tmp/shop --port 8500",
    )
    one.add_argument(
        "--data",
        type=Path,
        default=Path("demo-data"),
        help="folder, made anew (default: demo-data)",
    )
    one.add_argument("--port", type=int, default=8400, help="of the pages, 0: any (default: 8400)")
    one.add_argument("--shoppers", type=int, default=40, help="2 to 99 (default: 40)")
    one.add_argument("--seed", type=int, default=1, help="another number, another day (default: 1)")
    one.add_argument(
        "--camera",
        type=int,
        metavar="N",
        default=_number("CAMERA"),
        help="a camera of this machine sees passes too (default: $CAMERA)",
    )
    one.add_argument(
        "--lan",
        action="store_true",
        default=_number("LAN") == 1,
        help="serve tablets on the network too, with a certificate of its own (default: $LAN is 1)",
    )
    _add_run(commands)
    _add_phone(commands)
    _add_replay(commands)
    days.add(commands)
    load.add(commands)
    return parser


def _add_run(commands: Commands) -> None:
    text = "a scenario against a server and edges that run already"
    one = commands.add_parser(
        "run",
        help=text,
        description=f"Run {text}; write what truly happens as lines of JSON.",
        epilog="example: shopbell-sim run saturday.toml --truth truth.ndjson",
    )
    one.add_argument("scenario", metavar="NAME|FILE", help="a day by name, or a TOML file")
    one.add_argument("--truth", type=Path, required=True, metavar="OUT", help="where it is written")
    days.add_to_run(one)


def _add_phone(commands: Commands) -> None:
    text = "one phone near one simulated radio"
    one = commands.add_parser(
        "phone",
        help=text,
        description="Fetch the tokens of an enrolment and advertise them into an edge's simulated radio.",
        epilog="example: shopbell-sim phone --enrolment phone.json --radio door.sock",
    )
    one.add_argument(
        "--enrolment",
        type=Path,
        required=True,
        metavar="FILE",
        help="the answer of POST /v1/app/enrolments",
    )
    one.add_argument(
        "--radio", type=Path, required=True, metavar="SOCKET", help="path of a [[radios]] socket"
    )
    one.add_argument("--server", default="http://127.0.0.1:8400", help="(default: %(default)s)")
    one.add_argument(
        "--platform", choices=("android", "ios"), default="android", help="(default: %(default)s)"
    )
    one.add_argument(
        "--distance", type=float, default=2.0, metavar="M", help="in metres (default: 2)"
    )
    one.add_argument("--interval", type=float, default=250.0, metavar="MS", help="(default: 250)")
    one.add_argument("--seconds", type=float, help="stop after so long (default: Ctrl-C)")


def _add_replay(commands: Commands) -> None:
    text = "recorded signals through the server's zone engine"
    one = commands.add_parser(
        "replay",
        help=text,
        description=f"Run {text}; write where each beacon was, as it would have been known then.",
        epilog="example: shopbell-sim replay walk.events.csv --site site.json --kind zone --out walk.csv; "
        "or a whole folder: shopbell-sim replay recordings/floor --out estimates --receivers pi",
    )
    one.add_argument(
        "recorded",
        type=Path,
        metavar="EVENTS|FOLDER",
        help="a recording (t,rx,beacon,rssi; .csv[.gz]), or a folder with site.json, *.events.csv[.gz], "
        "maybe survey.csv[.gz]",
    )
    one.add_argument(
        "--out", type=Path, required=True, metavar="FILE|DIR", help="for the estimates"
    )
    one.add_argument(
        "--receivers",
        default="all",
        metavar="NAMES",
        help="all, pi, or names with commas (default: all)",
    )
    single = one.add_argument_group("for one recording")
    single.add_argument("--site", type=Path, metavar="SITE.json", help="its receivers and zones")
    single.add_argument(
        "--kind",
        choices=("presence", "zone"),
        help="presence: inside or outside a door (t,inside); zone: where on a floor (t,zone,x,y)",
    )
    single.add_argument("--survey", type=Path, metavar="SURVEY.csv[.gz]", help="of the floor")
    single.add_argument(
        "--train",
        action="append",
        nargs=2,
        default=[],
        type=Path,
        metavar=("EVENTS", "TRUTH"),
        help="another recording at the door, with its truth (t,inside); may be given again",
    )
    whole = one.add_argument_group("for a folder")
    whole.add_argument(
        "--regime",
        action="append",
        default=[],
        choices=REGIMES,
        help="may be given again (default: all that the folder has files for)",
    )
    whole.add_argument(
        "--smoothed", action="store_true", help="write too what is known once a recording is over"
    )


def _run(arguments: argparse.Namespace) -> None:
    if days.perform_run(arguments):
        return
    with loading():
        from shopbell_sim import scenario  # noqa: PLC0415  # as said above
    scenario.run(Path(arguments.scenario), arguments.truth)


def _phone(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.distance <= 1000:  # noqa: PLR2004  # said in the message
        raise UsageError(
            f"--distance {arguments.distance:g}: write metres, more than 0, up to 1000"
        )
    if not 20 <= arguments.interval <= 10_240:  # noqa: PLR2004  # said in the message
        raise UsageError(f"--interval {arguments.interval:g}: phones send every 20 to 10240 ms")
    with loading():
        from shopbell_sim import lone_phone  # noqa: PLC0415  # as said above
    lone_phone.main(
        lone_phone.LonePhone(
            enrolment=arguments.enrolment,
            server=arguments.server,
            radio=arguments.radio,
            platform=arguments.platform,
            distance_m=arguments.distance,
            interval_ms=arguments.interval,
            seconds=arguments.seconds,
        )
    )


def _replay(arguments: argparse.Namespace) -> None:
    asks_for_one = [
        f"--{name}"
        for name in ("site", "kind", "survey", "train")
        if getattr(arguments, name) not in (None, [])
    ]
    if not asks_for_one:
        with loading():
            from shopbell_sim import replay  # noqa: PLC0415  # as said above
        replay.main(
            Replay(
                folder=arguments.recorded,
                out=arguments.out,
                regimes=tuple(arguments.regime),
                receivers=arguments.receivers,
                smoothed=arguments.smoothed,
            )
        )
        return
    if arguments.regime or arguments.smoothed:
        raise UsageError(
            f"{asks_for_one[0]} is for one recording, --regime and --smoothed for a folder"
        )
    if arguments.site is None or arguments.kind is None:
        raise UsageError("one recording needs --site SITE.json and --kind presence or zone")
    with loading():
        from shopbell_sim import replay_one  # noqa: PLC0415  # as said above
    replay_one.main(
        replay_one.One(
            events=arguments.recorded,
            site=arguments.site,
            kind=arguments.kind,
            out=arguments.out,
            survey=arguments.survey,
            train=tuple((events, truth) for events, truth in arguments.train),
            receivers=arguments.receivers,
        )
    )


def _demo(arguments: argparse.Namespace) -> None:
    if not 2 <= arguments.shoppers <= 99:  # noqa: PLR2004  # said in the message
        raise UsageError(f"--shoppers {arguments.shoppers}: a board tells 2 to 99 people apart")
    if not 0 <= arguments.port <= 65_535:  # noqa: PLR2004  # said in the message
        raise UsageError(f"--port {arguments.port}: ports are 0 to 65535")
    with loading():
        from shopbell_sim import demo  # noqa: PLC0415  # as said above
    demo.main(
        demo.Demo(
            data=arguments.data,
            port=arguments.port,
            shoppers=arguments.shoppers,
            seed=arguments.seed,
            device=arguments.camera,
            lan=arguments.lan,
        )
    )


def _number(name: str) -> int | None:
    """Return a number from the environment; an empty variable is as good as none."""
    value = os.environ.get(name, "")
    if not value:
        return None
    if not value.isascii() or not value.isdigit():
        raise UsageError(f'{name}="{value}" is not a number; write {name}=0, or leave it out')
    return int(value)


if __name__ == "__main__":
    main()
