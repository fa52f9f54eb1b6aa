"""One record about to be written, or just written, as hooks see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from trato.entities.view import EntityView
from trato.errors import Message
from trato.plugin import field_path

ChangeAction = Literal["create", "update", "archive", "restore", "purge"]


@dataclass(kw_only=True, eq=False)
class Change:
    """What happens to one record: by path, before and after.

    Its methods take a field by its path or by the entity's attribute: ``"status"``,
    ``Visit.status``.
    """

    entity: EntityView
    action: ChangeAction
    id: UUID
    #: Version after the change.
    version: int
    #: The whole record before; empty for a create.
    before: dict[str, Any] = field(default_factory=dict)
    #: Only what is written; for a create everything that is not empty.
    values: dict[str, Any] = field(default_factory=dict)
    #: Refusals by path; a change with one is not written.
    errors: dict[str, list[Message]] = field(default_factory=dict)
    #: It was refused because the tenant forbids duplicates.
    is_duplicate: bool = False

    def __getitem__(self, field: Any) -> Any:
        """Give a field's value as it will be; `id` is the record's.

        :raises KeyError: for a field that the entity has not, such as the owner where it is not
            owned; one of a plugin that is not enabled, or of the tenant's own, is None.
        """
        # Asked some eighty times for each row of an import, nearly always by path.
        path = field if field.__class__ is str else field_path(field)
        if path in self.values:
            return self.values[path]
        if path in self.before:
            return self.before[path]
        return self.id if path == "id" else self._absent(path)

    def touches(self, *fields: Any) -> bool:
        """Tell whether any of the fields gets another value.

        :raises KeyError: as reading a field does.
        """
        for path in map(field_path, fields):
            if path in self.values:
                if self.values[path] != self.before.get(path):
                    return True
            elif path not in self.before and path != "id":
                self._absent(path)
        return False

    def set(self, field: Any, value: Any) -> None:
        """Set a field, also one that people may not write."""
        path = field_path(field)
        if path not in self.entity.fields:
            raise KeyError(f"{self.entity.name} has no field {path!r}")
        self.values[path] = value

    def refuse(self, field: Any, text: str, /, **params: Any) -> None:
        """Refuse the record for one field's sake; the text is a message id."""
        self.errors.setdefault(field_path(field), []).append(Message(text, params))

    def _absent(self, path: str) -> None:
        if "." not in path and path not in self.entity.fields:
            raise KeyError(f"{self.entity.name} has no field {path!r}")

    @property
    def changed(self) -> dict[str, Any]:
        """The fields that get another value."""
        return {p: v for p, v in self.values.items() if v != self.before.get(p)}
