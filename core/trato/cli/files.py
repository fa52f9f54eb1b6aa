"""Text files that commands read and write."""

from __future__ import annotations

import os
from pathlib import Path

from trato.errors import ConfigError
from trato.text import _


def read_text(file: Path) -> str:
    """Read a text file in UTF-8, with or without byte order mark.

    :raises ConfigError: when it cannot be read.
    """
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            _("The file {file} cannot be read: {reason}."), hint=_("Check the file's name."),
            file=str(file), reason=getattr(error, "strerror", None) or str(error), code="file",
        ) from error  # fmt: skip


def write_text(file: Path, text: str) -> None:
    """Write a text file whole: whoever reads it meanwhile sees the old one or the new.

    :raises ConfigError: when it cannot be written.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, "utf-8")
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(
            _("The file {file} cannot be written: {reason}."),
            hint=_("Check the folder and its rights."), file=str(file),
            reason=error.strerror or str(error), code="file",
        ) from error  # fmt: skip
