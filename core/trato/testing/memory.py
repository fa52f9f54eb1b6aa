"""Where tests put what need not outlive them: a folder in memory, where Linux has one with room."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - each folder in it has a random name and one owner
#: Bytes that must be free there; a run fills far less.
_ROOM = 4 * 1024**3


def quick_folder(prefix: str) -> Path:
    """Make a folder for files that are written and removed often, in memory if possible.

    A database waits for the disk at each commit and at each file of a database that is cloned.
    Whoever asks removes it.

    :param prefix: how its name begins.
    """
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if has_room else None))
