"""Preconditions by entity tag (RFC 9110, section 13)."""

from __future__ import annotations

import re
from uuid import UUID

from werkzeug.datastructures import Headers

from trato.records.unit import Unit
from trato.rest.errors import BadPrecondition
from trato.rest.serializer import Shape
from trato.text import _

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
_ANY = frozenset({"*"})
#: No record is ever at this version.
_NEVER = 0


def read_tags(headers: Headers, name: str) -> frozenset[str] | None:
    """Read an If-Match or If-None-Match: its tags, `*` alone for any, or None where it is missing.

    :raises BadPrecondition: when it is neither.
    """
    header = headers.get(name)
    if header is None:
        return None
    if header.strip() in _ANY:
        return _ANY
    if not _LIST.fullmatch(header):
        raise BadPrecondition(
            _("{header} is '{value}', which is no list of entity tags."),
            hint=_("Give the ETag of an answer back with its quotes, or *."),
            header=name, value=header[:60],
        )  # fmt: skip
    return frozenset(re.findall(_TAG, header))


def expected_version(
    unit: Unit, entity: str, record_id: UUID, tags: frozenset[str] | None, shown: Shape
) -> int | None:
    """Say at which version the caller wants the record to be; None for any.

    A tag of another representation, or a weak one, never matches.
    """
    if tags is None or tags == _ANY:
        return None
    written = re.compile(shown.etag(record_id, 0).replace('"0-', '"([1-9][0-9]{0,17})-'))
    versions = {int(found[1]) for tag in tags if (found := written.fullmatch(tag))}
    if len(versions) > 1:
        versions &= {unit.records.get(entity, record_id).version}
    return versions.pop() if versions else _NEVER


def is_known(tags: frozenset[str] | None, etag: str) -> bool:
    """Tell whether the caller has what the tag stands for; here weak tags match too."""
    if tags is None:
        return False
    return tags == _ANY or etag in {tag.removeprefix("W/") for tag in tags}
