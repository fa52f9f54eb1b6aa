"""Files of the installation: to be put into an archive and back.

A file that belongs to a tenant lies in a folder of the tenant's number: `exports/12/copy.zip`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def files_in(folder: Path, *, tenant_id: int | None = None) -> Iterator[tuple[str, Path]]:
    """Give path below the folder and place of each file, in order.

    Links are left out: they could lead anywhere. So is what is being written.

    :param tenant_id: only the files of this tenant.
    """
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_symlink() or not file.is_file():
            continue
        if file.name.startswith(".") and file.name.endswith(".part"):
            continue
        relative = file.relative_to(folder)
        if tenant_id is None or owner_of(relative.as_posix()) == tenant_id:
            yield relative.as_posix(), file


def owner_of(path: str) -> int | None:
    """Say whose a file is, by its path below the folder; None: nobody's."""
    parts = PurePosixPath(path).parts
    return int(parts[1]) if len(parts) > 2 and parts[1].isdecimal() else None


def moved(path: str, *, to: int) -> str:
    """Give the path that a tenant's file has under another number."""
    parts = PurePosixPath(path).parts
    return str(PurePosixPath(parts[0], str(to), *parts[2:]))
