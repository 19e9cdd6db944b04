"""What this process may do by its unit's leave, and the programs that it starts may not.

systemd hands capabilities on as "ambient" ones, which every program started by this one has too: the camera's
decoder, that looks at whatever is held up, would be allowed to set up networks.
"""

from __future__ import annotations

import ctypes
from typing import Final

PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
"""Of linux/prctl.h, since 4.3. A kernel without it has no ambient capabilities either."""


def keep_capabilities() -> None:
    """Keep this process's capabilities from the programs that it will start."""
    ctypes.CDLL(None).prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
