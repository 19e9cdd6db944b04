"""How the session of a visit is written down.

Owns: the JSON in `visits.session_json`, its version, and reading every version there has been.
Never: what a session means.

The first version has the core's names, and while the core has them still, it is read and written without a
detour, which would take four times as long. What was added since has a default, which says what was so
before it was known. Once they differ, the first version is read through structs of
its own: what was stored years ago does not change. A test holds a text of each version.
"""

from __future__ import annotations

from typing import Final

import msgspec

from shopbell_server.core.visits.sessions import Session


def encoded(session: Session) -> str:
    """Return the text to store."""
    return _FIRST + _encoder.encode(session)[1:].decode()


def decoded(text: str) -> Session:
    """Return the session in `text`, which `encoded` wrote. Raises msgspec.MsgspecError otherwise."""
    if not text.startswith(_FIRST):
        raise msgspec.ValidationError("a session of a version that is not known")
    return _decoder.decode(text)


_FIRST: Final = '{"v":1,'

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Session)
