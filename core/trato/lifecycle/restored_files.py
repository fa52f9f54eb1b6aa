"""Files of an archive on their way to their places, until the rows are safe."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from trato.errors import ConfigError, NoRoom
from trato.lifecycle import backup_format as form
from trato.lifecycle import storage
from trato.lifecycle.backup_reading import BackupFile, broken
from trato.settings import Settings
from trato.text import _

_CHUNK = 1 << 20


class RestoredFiles:
    """Put the files of an archive into the folder, and take them back when the rows fail.

    A file that is there with the same content stays, so that what was interrupted can be done
    again; one with other content is never replaced.
    """

    def __init__(self, settings: Settings, archive: BackupFile) -> None:
        self._archive = archive
        self._parts = [part for part in archive.manifest.parts if part.table is None]
        self._folder = settings.storage_folder
        self._made: list[Path] = []
        self._folders: list[Path] = []
        self.count = 0

    def place(self, numbers: Mapping[int, int]) -> None:
        """Write every file.

        :param numbers: number of each tenant in the archive to its number here.
        :raises ConfigError: when a file is in the way, or cannot be written.
        :raises NoRoom: when the disk is full.
        """
        base = self._folder.resolve()
        places = []
        for part in self._parts:
            path = part.name.removeprefix(form.FILES)
            owner = storage.owner_of(path)
            if owner is not None and numbers.get(owner, owner) != owner:
                path = storage.moved(path, to=numbers[owner])
            place = base / path
            if not place.resolve().is_relative_to(base):
                raise broken(_("{name} is no name of a part"), name=repr(part.name))
            if place.exists():
                if not _is_same(place, part):
                    raise ConfigError(
                        _("The file {path} exists already and is another one."),
                        hint=_("Nothing was changed. Move it away, or change TRATO_STORAGE_URL."),
                        path=str(place), code="file_exists",
                    )  # fmt: skip
            else:
                places.append((part, place))
        # None has its name before all are written: a process that is killed leaves parts, which
        # nobody takes for files.
        written = [(self._write(part, place), place) for part, place in places]
        for new, place in written:
            self._made.append(place)
            os.replace(new, place)
        self.count = len(self._parts)

    def _write(self, part: form.Part, place: Path) -> Path:
        """Write a file beside its name; gives where."""
        new = place.with_name(f".{place.name}.part")
        try:
            self._make_folder(place.parent)
            self._made.append(new)
            handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                for chunk in self._archive.chunks(part):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            kind = NoRoom if error.errno in NoRoom.numbers else ConfigError
            raise kind(
                _("The file {path} cannot be written: {reason}."),
                hint=_("Nothing was restored. Make room and check the rights of the folder, then "
                       "restore again."),
                path=str(place), reason=error.strerror or str(error),
            ) from error  # fmt: skip
        return new

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            self._folders.append(folder)

    def take_back(self) -> None:
        """Remove what was written."""
        for file in self._made:
            file.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with suppress(OSError):  # somebody else's file is in it by now
                folder.rmdir()


def _is_same(file: Path, part: form.Part) -> bool:
    if file.stat().st_size != part.bytes:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == part.sha256
