"""`shopbell-qr read IMAGE…`: the codes in image files, one line of JSON per file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from shopbell_program.commands import CommandError, run


def main() -> None:
    """Run the command line."""
    sys.exit(run(_command))


def _command() -> int:
    parser = argparse.ArgumentParser(
        prog="shopbell-qr",
        description="Read the codes in image files with the decoder of the edge's camera.",
        epilog="example: shopbell-qr read pass.png photo.jpg",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    read = commands.add_parser(
        "read",
        help="print the codes of each image",
        description='Print one JSON line per image: {"path", "codes": [{"format", "text"}]}. '
        'A file that is no image has an "error" instead of codes, and the exit code is 1.',
        epilog="example: shopbell-qr read pass.png photo.jpg",
    )
    read.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    arguments = parser.parse_args()
    return _read(arguments.images)


def _read(images: list[Path]) -> int:
    try:
        # Here, not above: an edge without a camera has no OpenCV, and `--help` should not wait for it.
        from shopbell_edge.adapters.camera.decoding import in_still  # noqa: PLC0415  # as said
        from shopbell_edge.adapters.camera.stills import (  # noqa: PLC0415  # as said
            UnreadableImageError,
            load,
        )
    except ModuleNotFoundError as error:
        raise CommandError(f"{error.name} is missing; install shopbell[qr]") from error
    failed = False
    for image in images:
        line: dict[str, object] = {"path": str(image)}
        try:
            codes = in_still(load(image))
        except UnreadableImageError as error:
            line["error"] = error.reason
            failed = True
        else:
            line["codes"] = [{"format": code.format, "text": code.text} for code in codes]
        print(
            json.dumps(line)
        )  # in ASCII: a path need not be text, nor the terminal know every letter
    return int(failed)


if __name__ == "__main__":
    main()
