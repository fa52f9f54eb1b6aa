"""Reading of an archive that nobody vouches for yet: judged by its directory, then counted.

It is never unpacked as a whole. Names decide about nothing but what they must look like, and each
part may be no longer, and nothing else, than the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, NoReturn, Self

from trato.errors import ConfigError, Message
from trato.lifecycle import backup_format as form
from trato.lifecycle import storage
from trato.text import _

_ROWS = re.compile(r"rows/([0-9]{1,10}/)?[a-z][a-z0-9_]{0,80}\.jsonl")
_MANIFEST_BYTES = 256 << 20
#: A row holds a text, or a draft, of a person; requests are limited to 2 GiB at the very most.
_LINE_BYTES = 256 << 20
#: An archive that would grow to more than this, and so many times, is none of ours: the rows of
#: a real installation pack to a tenth.
_SMALL = 1 << 30
_RATIO = 250
_CHUNK = 1 << 20
#: What reading a damaged member raises, or one on a disk that fails.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def broken(reason: str, /, **params: object) -> ConfigError:
    """Return the error for an archive that is damaged or was made by somebody else."""
    return ConfigError(
        _("The archive is damaged: {reason}."),
        hint=_("Nothing was changed here. Copy it again from where it was written, or take another "
               "one."),
        reason=Message(reason, params), code="broken_archive",
    )  # fmt: skip


def _foreign(path: Path) -> ConfigError:
    return ConfigError(
        _("{path} is not a backup of Trato."),
        hint=_("'trato backup FILE' writes one."), path=str(path), code="no_backup",
    )  # fmt: skip


class BackupFile:
    """An archive that is open for reading.

    :raises ConfigError: when it is none, of a newer format, or its directory cannot be true.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self._file)
        except zipfile.BadZipFile as error:
            self._file.seek(0)
            if self._file.read(2) != b"PK":
                raise _foreign(self.path) from error
            raise broken(_("its end is missing")) from error
        members = {info.filename: info for info in self._zip.infolist()}
        if form.MANIFEST not in members:
            raise _foreign(self.path)
        if len(members) != len(self._zip.infolist()):
            raise broken(_("a name stands in it twice"))
        self.manifest_bytes = self._small(members, form.MANIFEST)
        self.manifest = self._parse()
        if form.SEAL not in members:
            raise broken(_("its seal is missing"))
        self._seals = self._small(members, form.SEAL).decode("ascii", "replace").split()
        self._judge(members)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._zip.close()
        self._file.close()

    def _small(self, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
        if members[name].file_size > _MANIFEST_BYTES:
            raise broken(_("{name} is too large"), name=name)
        try:
            with self._zip.open(members[name]) as stream:
                return stream.read(_MANIFEST_BYTES + 1)
        except _DAMAGE as error:
            raise broken(_("{name} cannot be read"), name=name) from error

    def _parse(self) -> form.Manifest:
        try:
            data = json.loads(self.manifest_bytes)
            if data["format"] != form.FORMAT:
                raise _foreign(self.path)
            version = int(data["version"])
            writer = str(data["written_by"])
        except (ValueError, KeyError, TypeError) as error:
            raise broken(_("its manifest cannot be read")) from error
        if version > form.VERSION:
            raise ConfigError(
                _("The archive was written by {writer} in format {version}; this Trato reads up "
                  "to {known}."),
                hint=_("Update Trato here first."),
                writer=writer, version=version, known=form.VERSION, code="newer_format",
            )  # fmt: skip
        try:
            return form.Manifest.parse(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise broken(_("its manifest cannot be read")) from error

    def _judge(self, members: dict[str, zipfile.ZipInfo]) -> None:
        manifest = self.manifest
        one = manifest.scope == "tenant"
        if manifest.scope not in ("installation", "tenant") or (one and len(manifest.tenants) != 1):
            raise broken(_("its manifest cannot be read"))
        for part in manifest.parts if one else ():
            if not _is_of(part, manifest.tenants[0].id):
                raise broken(_("{name} is no part of a tenant"), name=part.name)
        named = {part.name: part for part in self.manifest.parts}
        others = members.keys() - named.keys() - {form.MANIFEST, form.SEAL}
        if others:
            raise broken(_("{name} is not in its manifest"), name=sorted(others)[0])
        for part in self.manifest.parts:
            _check_name(part)
            if part.name not in members:
                raise broken(_("{name} is missing"), name=part.name)
            if members[part.name].file_size != part.bytes:
                raise broken(_("{name} is not as long as its manifest says"), name=part.name)
        packed = sum(info.compress_size for info in members.values())
        whole = self._file.seek(0, 2)
        # Members that share their bytes are how a small file claims to hold petabytes.
        if packed > whole:
            raise broken(_("its parts overlap"))
        unpacked = sum(info.file_size for info in members.values())
        if unpacked > max(_SMALL, _RATIO * whole):
            raise broken(_("it would grow to {bytes} bytes"), bytes=unpacked)

    # --- seal ------------------------------------------------------------------------------------

    def sealed_by(self, keys: Sequence[str]) -> tuple[int, int]:
        """Say how many of its seals the keys open, and how many there are."""
        opened = sum(form.opens(self.manifest_bytes, seal, keys) for seal in self._seals)
        return opened, len(self._seals)

    # --- parts -----------------------------------------------------------------------------------

    def rows(self, part: form.Part) -> Iterator[list[Any]]:
        """Read the lines of a part: the names of the columns, then the rows."""
        count = -1
        for line in self._lines(part):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise broken(_("{name} cannot be read"), name=part.name) from error
            if not isinstance(row, list):
                raise broken(_("{name} cannot be read"), name=part.name)
            count += 1
            yield row
        if count != part.rows:
            raise broken(_("{name} has {found} rows instead of {rows}"), name=part.name,
                         found=count, rows=part.rows)  # fmt: skip

    def _lines(self, part: form.Part) -> Iterator[bytes]:
        # Put together once it ends: a long line is not copied anew with each chunk.
        begun: list[bytes] = []
        length = 0
        for chunk in self.chunks(part):
            end, *lines = chunk.split(b"\n")
            begun.append(end)
            length += len(end)
            if length > _LINE_BYTES:
                raise broken(_("{name} has a row that is too long"), name=part.name)
            if lines:
                yield b"".join(begun)
                yield from lines[:-1]
                begun, length = lines[-1:], len(lines[-1])
        if length:
            raise broken(_("{name} cannot be read"), name=part.name)

    def chunks(self, part: form.Part) -> Iterator[bytes]:
        """Read the bytes of a part; its length and hash are checked at the end."""
        digest = hashlib.sha256()
        length = 0
        try:
            with self._zip.open(part.name) as stream:
                while chunk := stream.read(_CHUNK):
                    length += len(chunk)
                    if length > part.bytes:
                        _changed(part)
                    digest.update(chunk)
                    yield chunk
        except _DAMAGE as error:
            raise broken(_("{name} cannot be read"), name=part.name) from error
        if length != part.bytes or digest.hexdigest() != part.sha256:
            _changed(part)


def _changed(part: form.Part) -> NoReturn:
    raise broken(_("{name} is not what was written"), name=part.name)


def _is_of(part: form.Part, tenant_id: int) -> bool:
    """Tell whether the archive of a tenant may hold a part.

    A tenant that comes from elsewhere brings accounts, and no session of anybody's; files go to
    its own folders only.
    """
    if part.table is None:
        return storage.owner_of(part.name.removeprefix(form.FILES)) == tenant_id
    return part.tenant == tenant_id or (part.tenant is None and part.table in form.OF_TENANT)


def _check_name(part: form.Part) -> None:
    """Refuse names that lead elsewhere, and tables that no archive brings."""
    if part.table is not None:
        folder = "" if part.tenant is None else f"{part.tenant}/"
        good = (
            part.table not in form.LEFT_OUT
            and _ROWS.fullmatch(part.name) is not None
            and part.name == f"{form.ROWS}{folder}{part.table}.jsonl"
        )
    else:
        path = part.name.removeprefix(form.FILES)
        steps = path.split("/")
        good = (
            part.name.startswith(form.FILES)
            and not {"", ".", ".."} & set(steps)
            and not re.search(r"[\x00-\x1f\\:]", path)
            and not PurePosixPath(path).is_absolute()
        )
    if not good:
        raise broken(_("{name} is no name of a part"), name=repr(part.name))
