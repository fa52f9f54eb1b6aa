"""A zip file that appears under its name once it is complete."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import zipfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from trato.errors import ConfigError, NoRoom
from trato.text import _


class NewZip:
    """Write a zip file beside its name, and give it the name at the end; or leave nothing.

    Two that are written for one name do not touch each other; the later one has it in the end.

    It may be read by its owner only: it holds companies' data.

    :param at: moment of its members; by themselves they would be of 1980.
    """

    def __init__(self, path: Path, *, at: dt.datetime) -> None:
        self.path = path
        self._at = at
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")

    def __enter__(self) -> Self:
        try:
            handle = os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._refused(error) from error
        self._file = os.fdopen(handle, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        complete = False
        try:
            if error is None:
                self.finish()
            self._zip.close()
            # What is archived may be deleted next: it must be on the disk.
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            complete = error is None
        except OSError as failed:
            raise self._refused(failed) from failed
        finally:
            if complete:
                os.replace(self._part, self.path)
            else:
                self._part.unlink(missing_ok=True)
                # It still tries to write what it holds.
                with suppress(OSError):
                    self._file.close()
        if isinstance(error, OSError) and error.errno in NoRoom.numbers:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> ConfigError:
        return ConfigError(
            _("The archive {path} cannot be written: {reason}."),
            hint=_("Nothing was changed. Check the folder and its rights."),
            path=str(self.path), reason=error.strerror or str(error), code="file",
        )  # fmt: skip

    def finish(self) -> None:
        """Add what comes last."""

    def member(self, name: str, *, packed: bool = True) -> IO[bytes]:
        """Open a member for writing; the size need not be known.

        :param packed: whether compressing it is worth the while.
        """
        info = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        return self._zip.open(info, "w", force_zip64=True)

    def add(self, name: str, data: bytes) -> None:
        """Add a small member."""
        with self.member(name) as stream:
            stream.write(data)
