"""Cells that name something else: records by name, code or id, members by e-mail, teams by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.access.actor import Actor
from trato.entities.fields import Field
from trato.entities.fold import fold
from trato.errors import Message
from trato.exchange.drafts import Draft, ReferenceColumn, as_id
from trato.records import lookup
from trato.records.lookup import BY_ID, Found
from trato.records.unit import Unit
from trato.tenancy.view import TenantView
from trato.text import _

_PEOPLE: Mapping[str, tuple[str, ...]] = {
    "member": ("email", "name", BY_ID),
    "team": ("key", "name", BY_ID),
}


def keys_of(actor: Actor, reference: Field) -> tuple[str, ...]:
    """Name the fields by which a file may name what a field refers to."""
    if reference.kind in _PEOPLE:
        return _PEOPLE[reference.kind]
    target = actor.view.entities.get(reference.target or "")
    return (BY_ID, *(lookup.naming_fields(actor, target) if target is not None else ()))


class References:
    """Finds what the cells of a batch name, with one statement for each entity they name."""

    def __init__(self, actor: Actor, entity: str, columns: Sequence[ReferenceColumn]) -> None:
        self._view = actor.view
        self._people = {kind: People(actor.view, kind) for kind in _PEOPLE}
        self._targets: dict[str, Target] = {}
        #: Columns of one field stand together: all of them must name the same.
        self._fields: dict[str, list[ReferenceColumn]] = {}
        for column in columns:
            self._fields.setdefault(column.field.path, []).append(column)
            if column.field.kind == "ref":
                name = column.field.target or ""
                self._targets.setdefault(name, Target(actor, name)).columns.append(column)
        own = self._targets.get(entity)
        self.family = Family(own) if own is not None else None

    def resolve(self, unit: Unit, drafts: Sequence[Draft]) -> None:
        """Put ids for names into the drafts' values, and refusals where there is not just one.

        The names are gone afterwards: doing it again changes nothing.
        """
        found = {name: target.find(unit, drafts) for name, target in self._targets.items()}
        for columns in self._fields.values():
            reference = columns[0].field
            for draft in drafts:
                named = [(c, draft.names[c.index]) for c in columns if c.index in draft.names]
                if reference.kind == "ref":
                    target = self._targets[reference.target or ""]
                    meant = [target.meant(found[target.name], name, c.key) for c, name in named]
                else:
                    people = self._people[reference.kind]
                    meant = [people.meant(name, c.key) for c, name in named]
                if named:
                    self._settle(draft, named, meant)
        for draft in drafts:
            draft.names.clear()

    def _settle(
        self, draft: Draft, named: Sequence[tuple[ReferenceColumn, str]],
        meant: Sequence[Mapping[UUID, Weight]],
    ) -> None:  # fmt: skip
        """Take what all columns of a field name, if that is one thing."""
        column, value = named[0]
        path = column.field.path
        common = set(meant[0]).intersection(*meant[1:])
        best = _best({one: tuple(weights[one] for weights in meant) for one in common})
        if len(best) == 1:
            draft.values[path] = best[0]
        elif best:
            draft.refuse(
                column.header,
                _("{count} are called '{value}'; a column '{column}' would tell which is meant."),
                count=len(best), value=value, column=f"{path}.{self._better_key(column.field)}",
            )  # fmt: skip
        elif all(meant):
            draft.refuse(
                column.header, _("'{header}' and '{other}' name different records."),
                header=column.header, other=named[1][0].header,
            )  # fmt: skip
        else:
            column, value = named[[*map(bool, meant)].index(False)]
            if self.family is None or not self.family.foretells(column, value):
                draft.refuse(
                    column.header, _("There is no {entity} '{value}'."),
                    entity=self._title(column.field), value=value,
                )  # fmt: skip

    def _title(self, reference: Field) -> Message:
        target = self._view.entities.get(reference.target or "")
        return target.info.one if target is not None else Message(_KINDS[reference.kind])

    def _better_key(self, reference: Field) -> str:
        if reference.kind in _PEOPLE:
            return _PEOPLE[reference.kind][0]
        return next(iter(self._targets[reference.target or ""].strong), BY_ID)


_KINDS = {"member": _("Member"), "team": _("Team"), "ref": _("Record")}

#: How well a name fits, the least best: whether it is of something gone, the kind of name (id,
#: what tells records apart, label), and whether it is written in another way.
Weight = tuple[bool, int, bool]


def _best(weights: Mapping[UUID, tuple[Weight, ...]]) -> list[UUID]:
    least = min(weights.values(), default=())
    return [one for one, weight in weights.items() if weight == least]


class Target:
    """An entity that cells name."""

    def __init__(self, actor: Actor, name: str) -> None:
        self.name = name
        self.columns: list[ReferenceColumn] = []
        view = actor.view.entities.get(name)
        self.fields = {} if view is None else lookup.naming_fields(actor, view)
        #: Fields that tell records apart.
        self.strong = tuple(p for p, f in self.fields.items() if f.unique or f.identifies)
        label = () if view is None or view.info.label not in self.fields else (view.info.label,)
        self._usual = tuple(dict.fromkeys((*self.strong, *label)))

    def keys(self, key: str | None) -> tuple[str, ...]:
        """Name the fields that a cell may mean."""
        return self._usual if key is None else (key,) if key in self.fields else ()

    def find(self, unit: Unit, drafts: Sequence[Draft]) -> Found:
        """Find all that the drafts name."""
        texts: dict[str, set[str]] = {}
        ids: set[UUID] = set()
        for column in self.columns:
            for draft in drafts:
                name = draft.names.get(column.index)
                if name is None:
                    continue
                for key in self.keys(column.key):
                    texts.setdefault(key, set()).add(name)
                if column.key in (None, BY_ID) and (given := as_id(name)) is not None:
                    ids.add(given)
        return lookup.find(unit, self.name, texts, ids)

    def meant(self, found: Found, name: str, key: str | None) -> dict[UUID, Weight]:
        """Give the records that a cell may mean."""
        weights: dict[UUID, Weight] = {}
        given = as_id(name) if key in (None, BY_ID) else None
        for one in found[BY_ID].get(given, ()):
            weights[one.id] = (one.is_archived, 0, False)
        for path in self.keys(key):
            rank = 1 if path in self.strong else 2
            for one in found[path].get(lookup.name_key(self.fields[path], name), ()):
                # "Peña" and "Pena" are one name to a search, and two where both exist.
                weight = (one.is_archived, rank, rank == 2 and one.text != name)
                weights[one.id] = min(weight, weights.get(one.id, weight))
        return weights


class People:
    """The members, or the teams, of a tenant by what they are called."""

    def __init__(self, view: TenantView, kind: str) -> None:
        members = view.members.values() if kind == "member" else ()
        teams = view.teams.values() if kind == "team" else ()
        self._gone = {member.id for member in members if not member.is_active}
        unique, name = ("email", "name") if kind == "member" else ("key", "name")
        self._called: dict[tuple[str, str], list[UUID]] = {}
        for member in members:
            self._add(member.id, {unique: member.email, name: member.name})
        for team in teams:
            self._add(team.id, {unique: team.key, name: team.name})

    def _add(self, id: UUID, called: Mapping[str, str]) -> None:
        self._called[BY_ID, str(id)] = [id]
        for key, text in called.items():
            self._called.setdefault((key, fold(text)), []).append(id)

    def meant(self, name: str, key: str | None = None) -> dict[UUID, Weight]:
        """Give whom a name may mean: by id, by e-mail or key, by name; a leaver comes last."""
        weights: dict[UUID, Weight] = {}
        for rank, known in ((0, BY_ID), (1, "email"), (1, "key"), (2, "name")):
            for one in self._called.get((known, fold(name)), ()) if key in (None, known) else ():
                weights.setdefault(one, (one in self._gone, rank, False))
        return weights

    def is_meant(self, name: str, id: UUID) -> bool:
        """Tell whether a name means just one of them, and this one."""
        return _best({one: (weight,) for one, weight in self.meant(name).items()}) == [id]


class Family:
    """Rows of a file that name rows before them, as a category names the one above it.

    What a batch is about to create cannot be found yet, so a row that names it begins the next
    batch; in a dry run, which creates nothing, it is enough that the other row would be created.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._keys = {key for column in target.columns for key in target.keys(column.key)}
        self._batch: set[tuple[str, Any]] = set()
        self._foretold: set[tuple[str, Any]] = set()

    def names_one(self, draft: Draft) -> bool:
        """Tell whether a row names one of its own batch."""
        return any(
            not self._batch.isdisjoint(self._names(column, name))
            for column in self._target.columns
            if (name := draft.names.get(column.index)) is not None
        )

    def add(self, draft: Draft) -> None:
        """Let later rows of the batch name this one."""
        self._batch.update(self._called(draft))

    def next_batch(self) -> None:
        """Forget the batch; it can be found now."""
        self._batch.clear()

    def foretell(self, draft: Draft) -> None:
        """Let all later rows of a dry run name this one."""
        self._foretold.update(self._called(draft))

    def foretells(self, column: ReferenceColumn, name: str) -> bool:
        """Tell whether the dry run has come upon what a cell names."""
        return column in self._target.columns and not self._foretold.isdisjoint(
            self._names(column, name)
        )

    def _called(self, draft: Draft) -> Iterable[tuple[str, Any]]:
        if draft.id is not None:
            yield BY_ID, draft.id
        for key in self._keys:
            text = draft.values.get(key)
            if isinstance(text, str):
                yield key, lookup.name_key(self._target.fields[key], text)

    def _names(self, column: ReferenceColumn, name: str) -> set[tuple[str, Any]]:
        names = {
            (key, lookup.name_key(self._target.fields[key], name))
            for key in self._target.keys(column.key)
        }
        given = as_id(name) if column.key in (None, BY_ID) else None
        return names if given is None else names | {(BY_ID, given)}
