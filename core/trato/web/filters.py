"""Filters as a person uses them: a form that becomes an address, an address that becomes chips."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from trato.access import rules
from trato.entities.fields import LIST_KINDS, TEXT_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import BadQuery, DomainError, TratoError
from trato.records.convert import plain_decimal
from trato.records.filters import operators, parse_filter, unknown_field
from trato.records.query import Filter, Op
from trato.records.relative_dates import absolute
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.screens.parts import list_filters
from trato.text import _
from trato.web.addresses import ListAddress
from trato.web.frame import translator
from trato.web.references import is_typed, read_choice, read_reference, reference

#: What an operator is called beside a field's name.
OPERATORS: dict[Op, str] = {
    "eq": _("is"), "ne": _("is not"), "gt": _("greater than"), "gte": _("at least"),
    "lt": _("less than"), "lte": _("at most"), "in": _("is any of"),
    "contains": _("contains"), "startswith": _("begins with"), "isnull": _("is empty"),
    "under": _("is within"),
}  # fmt: skip
_IN_ORDER = {"gt": _("after"), "gte": _("from"), "lt": _("before"), "lte": _("until")}
#: The form's own operator for `isnull=false`.
_FILLED = "filled"
_HAS_VALUE = _("has a value")
#: A catalogue of more records than this is typed, not listed.
_LISTED = 200


class Filters:
    """The filters of one list for one person.

    :raises BadQuery: when the address names a field, operator or value that does not exist.
    """

    def __init__(self, unit: Unit, entity: EntityView, cells: Cells, address: ListAddress) -> None:
        self.unit, self.entity, self.cells, self.address = unit, entity, cells, address
        self.visible = rules.visible_fields(unit.actor, entity)
        self._active = [(key, *self._read(key, text)) for key, text in address.filters]

    @property
    def wanted(self) -> tuple[Filter, ...]:
        """The conditions of the address."""
        return tuple(wanted for _key, _field, wanted in self._active)

    def _read(self, key: str, text: str) -> tuple[Field, Filter]:
        path, _dunder, op = key.partition("__")
        field = self._field(path)
        return field, parse_filter(
            field, op or "eq", self._today(field, text), actor=self.unit.actor
        )

    def _today(self, field: Field, text: str) -> str:
        unit = self.unit
        return absolute(field.kind, text, now=unit.now, timezone=unit.actor.timezone)

    def _field(self, path: str) -> Field:
        field = self.visible.get(path)
        if field is None:
            raise unknown_field(path, self.visible)
        return field

    # --- chips -----------------------------------------------------------------------------------

    def chips(self) -> list[dict[str, str | bool]]:
        """Say the conditions of the address in words, each with a way to drop it."""
        return [self._chip(*active) for active in self._active]

    def _chip(self, key: str, field: Field, wanted: Filter) -> dict[str, str | bool]:
        operator: str = _names(field)[wanted.op]
        if wanted.op == "isnull" and not wanted.value:
            operator = _HAS_VALUE
        return {
            "label": self.cells.label(field), "operator": translator(operator),
            # On a phone what goes without saying is left out.
            "is_plain": wanted.op in ("eq", "in"),
            "value": "" if wanted.op == "isnull" else self._shown(field, wanted.value),
            "remove_url": self.address.without(key),
        }  # fmt: skip

    def _shown(self, field: Field, value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        if field.kind == "ref" and field.target:
            labels = self.unit.records.labels(field.target, values)
            return ", ".join(labels.get(item) or "—" for item in values)
        if field.kind in LIST_KINDS:
            named = dict(self.cells.choices(field))
            return ", ".join(named.get(item, str(item)) for item in values)
        write = self.cells.plain(field)
        return ", ".join(write(item) for item in values)

    # --- the form --------------------------------------------------------------------------------

    def offers(self) -> list[dict[str, Any]]:
        """Give each field that the list may be filtered by, with what its form shows."""
        return [
            self._offer(field) for field in list_filters(self.unit.view, self.entity, self.visible)
        ]

    def _offer(self, field: Field) -> dict[str, Any]:
        choices = self._choices(field)
        typed = choices is None and is_typed(field)
        names = _names(field) | {_FILLED: _HAS_VALUE}
        return {
            "key": field.path, "label": self.cells.label(field), "kind": field.kind,
            "operators": [(op, translator(names[op])) for op in self._operators(field)],
            "choices": choices,
            "reference": reference(self.unit, self.cells, self.entity, field, None)
            if typed else None,
        }  # fmt: skip

    def _operators(self, field: Field) -> list[str]:
        """Name the operators that one value in a form can be used with."""
        found: list[str] = [op for op in operators(field) if op != "in"]
        if field.kind in LIST_KINDS:
            found = ["contains", "ne", "isnull"]
        elif field.kind in TEXT_KINDS:
            found = ["contains", "startswith", "eq", "ne", "isnull"]
        elif field.kind == "boolean":
            found = ["eq", "isnull"]
        elif field.kind == "ref" and not self._is_tree(field):
            found = [op for op in found if op != "under"]
        return [*found, _FILLED]

    def _is_tree(self, field: Field) -> bool:
        target = self.unit.view.entities.get(field.target or "")
        return target is not None and target.info.tree is not None

    def _choices(self, field: Field) -> list[tuple[str, str]] | None:
        """List what a value is chosen from; None where it is typed."""
        view = self.unit.view
        match field.kind:
            case "choice" | "choices":
                return None if is_typed(field) else self.cells.choices(field)
            case "boolean":
                yes_no = self.cells.formats.yes_no
                return [("true", yes_no(True)), ("false", yes_no(False))]
            case "member":
                people = sorted((m.name, str(m.id)) for m in view.members.values())
                me = [("me", translator(_("me")))] if self.unit.actor.member else []
                return me + [(key, name) for name, key in people]
            case "team":
                return [(str(team.id), team.name) for team in view.teams.values()]
            case "ref":
                return self._targets(field)
        return None

    def _targets(self, field: Field) -> list[tuple[str, str]] | None:
        """List the records of a small catalogue."""
        target = self.unit.view.entities.get(field.target or "")
        if target is None or not rules.decide(self.unit.actor, target, "view").allowed:
            return []
        if target.info.owned or target.info.parent:
            return None
        label = target.info.label
        if label not in rules.visible_fields(self.unit.actor, target):
            return []
        sort = (label,) if target.fields[label].sortable else ()
        found = self.unit.records.query(target.name, columns=(label,), sort=sort, limit=_LISTED)
        return None if found.next else [(str(row[0]), str(row[2])) for row in found.rows]

    def chosen(self, args: MultiDict[str, str]) -> str:
        """Turn what the form sends into an address; without a value it stays as it is.

        :raises BadQuery: when field, operator and value do not fit, in words for the person.
        """
        field = self._field(args["_field"])
        op, text = args.get("_op", "eq"), args.get("_value", "").strip()
        if op == _FILLED:
            op, text = "isnull", "false"
        elif op == "isnull":
            text = "true"
        if not text:
            return self.address.to()
        try:
            text = text if op == "isnull" else self._typed(field, text)
            parse_filter(field, op, text, actor=self.unit.actor)
        except DomainError as error:
            raise self._in_words(field, error) from error
        return self.address.to(**{field.path if op == "eq" else f"{field.path}__{op}": text})

    def _typed(self, field: Field, text: str) -> str:
        """Turn what a person typed into what an address says."""
        written = self.cells.formats
        match field.kind:
            case "integer" | "decimal" | "money":
                return plain_decimal(written.parse_number(text))
            case "date":
                return written.parse_date(text).isoformat()
            case "moment":
                return written.parse_datetime(text).isoformat()
            case "ref":
                return str(read_reference(self.unit, field, text))
            case "choice":
                return read_choice(self.cells, field, text)
        return text

    def _in_words(self, field: Field, error: TratoError) -> BadQuery:
        """Name the field as the person knows it."""
        params = {**error.message.params, "field": self.cells.label(field)}
        return BadQuery(error.message.text, **params)


def _names(field: Field) -> dict[str, str]:
    names: dict[str, str] = {op: name for op, name in OPERATORS.items()}
    if field.kind in ("date", "moment") or field.kind in TEXT_KINDS:
        names |= _IN_ORDER
    return names
