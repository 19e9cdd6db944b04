"""The shapes of values that several tables have. Owns: what each must look like, and the words for it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Uuid = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z",
        description="32 lower-case hexadecimal digits in quotes, grouped 8-4-4-4-12",
    ),
]
File = Annotated[str, Meta(description="the path of a file in quotes")]
Folder = Annotated[str, Meta(description="the path of a folder in quotes")]
