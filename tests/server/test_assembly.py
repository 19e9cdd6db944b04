from __future__ import annotations

import pytest

from shopbell_server.assembly import CannotListenError, listen


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotListenError, match=rf"127\.0\.0\.1:{port}: .*http\.port"):
            listen("127.0.0.1", port)
