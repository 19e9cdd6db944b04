"""`shopbell-qr read IMAGE…`: the codes in image files, one line of JSON per file.

The files are parsed where the daemon's are: in the decoder's own process, behind its fence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import get_args

from shopbell_edge.adapters.camera.decoder import DecoderLostError
from shopbell_edge.adapters.camera.files import Files, UnreadableImageError
from shopbell_edge.core.codes import Symbology
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
        return asyncio.run(_lines(images))
    except ModuleNotFoundError as error:
        raise CommandError(f"{error.name} is missing; install shopbell[qr]") from error
    except DecoderLostError as error:
        raise CommandError(f"the decoder does not start ({error.reason})") from error


async def _lines(images: list[Path]) -> int:
    failed = False
    async with Files(get_args(Symbology)) as files:
        for image in images:
            line: dict[str, object] = {"path": str(image)}
            if files.pid is None:
                await files.start()
            try:
                codes = await files.read(image)
            except (UnreadableImageError, DecoderLostError) as error:
                line["error"] = error.reason
                failed = True
                if isinstance(error, DecoderLostError):
                    await files.stop()
            else:
                line["codes"] = [{"format": code.format, "text": code.text} for code in codes]
            # In ASCII: a path need not be text, nor the terminal know every letter.
            print(json.dumps(line), flush=True)
    return int(failed)


if __name__ == "__main__":
    main()
