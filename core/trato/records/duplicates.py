"""Duplicates: living records that are probably the one which somebody is about to write.

Two statements, whatever the number of rows: one asks the indexes of every rule for candidates,
one reads them, with whether the actor may see each. What of them is a duplicate is decided on the
values. Of a record that the actor may not see only is said whom to ask.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Integer,
    Text,
    bindparam,
    case,
    false,
    func,
    literal,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy import text as sql

from trato.access import rules as access
from trato.access.actor import Actor
from trato.db.types import Id
from trato.entities.duplicates import (
    Alike,
    DuplicateRule,
    Same,
    is_alike,
    name_patterns,
    name_words,
    with_own_fields,
)
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Message, joined
from trato.records.changes import Change
from trato.records.convert import spelled
from trato.records.reading import finish, select_columns
from trato.records.search import among, like, one_of
from trato.records.uniqueness import comparable
from trato.records.unit import Unit
from trato.tenancy.tables import value as side
from trato.tenancy.view import Member
from trato.text import _

Handling = Literal["off", "warn", "block"]
#: Candidates that one rule gives for one record; more share a value that says nothing.
MANY = 50
#: More new values than these are guarded by one lock instead of a lock each.
_LOCKS = 60
#: Digits of a phone number that tell it apart where no plugin knows its country.
_NATIONAL = 10


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A record that is probably the same."""

    #: None for a record that the actor may not see; so is the label then.
    id: UUID | None
    label: str | None
    #: Fields of the written record that tell it, in the order of the rules.
    fields: tuple[str, ...]
    #: Whether a value is the same; else only names are alike.
    same: bool
    #: Of a record that may not be seen: who can say more.
    ask: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class Sought:
    """Values that are about to be written, and the record they belong to."""

    values: Mapping[str, Any]
    id: UUID | None = None
    found: list[Duplicate] = field(default_factory=list)


def rules_of(entity: EntityView) -> tuple[DuplicateRule, ...]:
    """Give the rules of an entity as a tenant has it, its own fields with them."""
    known: tuple[DuplicateRule, ...] | None = entity.cache.get("duplicate rules")
    if known is None:
        known = with_own_fields(entity.info.duplicates, entity.custom.values())
        entity.cache["duplicate rules"] = known
    return known


def setting_key(entity: str) -> str:
    """Name the setting of an entity's plugin that says what to do: `duplicates_client`."""
    return f"duplicates_{entity.partition('.')[2]}"


def handling(actor: Actor, entity: EntityView) -> Handling:
    """Say what the tenant does about duplicates of an entity; it warns unless it says so."""
    info = entity.info
    chosen = actor.view.settings.get((info.plugin, setting_key(info.name)))
    return chosen if chosen in ("off", "block") else "warn"


def watched(actor: Actor, entity: EntityView) -> tuple[str, ...]:
    """Name the fields by which duplicates are told to an actor; none where nobody is told."""
    if handling(actor, entity) == "off":
        return ()
    return tuple(dict.fromkeys(p for rule in usable(actor, entity) for p in rule.fields))


def find(
    unit: Unit, entity: EntityView, sought: Sequence[Sought], *, names: bool = True,
    most: int | None = None,
) -> None:  # fmt: skip
    """Put the duplicates of each into its ``found``, exact ones first; two statements.

    :param names: look for names that are alike too, which takes a search for each.
    :param most: of one value that many hold so many are told, the newest; all without it.
    """
    rules = usable(unit.actor, entity)
    if not names:
        rules = tuple(rule for rule in rules if isinstance(rule, Same))
    forms = unit.view.legal_forms
    ids = _candidates(unit, entity, rules, sought, forms)
    if len(sought) == 1:  # a record that is written already has its own values
        ids = [found for found in ids if found != sought[0].id]
    if not ids:
        return
    paths = tuple(dict.fromkeys(path for rule in rules for path in rule.fields))
    held = _read(unit, entity, paths, ids)
    place = {record.id: number for number, record in enumerate(held)}
    by_key: dict[tuple[int, Any], dict[_Held, None]] = defaultdict(dict)
    for record in held:
        for number, rule in enumerate(rules):
            for path in rule.fields if isinstance(rule, Same) else ():
                key = key_of(entity.fields[path], record.values[path])
                if key is not None:
                    by_key[number, key][record] = None
    for one in sought:
        reasons: dict[UUID, dict[str, bool]] = defaultdict(dict)
        for number, rule in enumerate(rules):
            for path in rule.fields:
                value = one.values.get(path)
                if isinstance(rule, Same):
                    key = key_of(entity.fields[path], value)
                    same = by_key.get((number, key), ()) if key is not None else ()
                    for record in islice(same, most):
                        reasons[record.id][path] = True
                elif value:
                    name = name_words(value, forms)
                    for record in held:
                        if any(is_alike(name, name_words(text, forms))
                               for p in rule.fields if (text := record.values[p])):  # fmt: skip
                            reasons[record.id].setdefault(path, False)
        told = [
            _tell(unit, entity, held[place[found]], why)
            for found, why in sorted(reasons.items(), key=lambda reason: place[reason[0]])
            if found != one.id
        ]
        one.found = sorted(told, key=lambda found: not found.same)


def key_of(field: Field, value: Any) -> Any:
    """Give the form in which two values are the same; None for one that says nothing.

    Nobody has the identification 000 or the phone 1.
    """
    key = comparable(field, value)
    if not isinstance(key, str):
        return key
    if len(key) < 3 or len(set(key)) == 1:
        return None
    if field.kind == "phone":
        if len(key) < 7:
            return None
        if field.spellings is None:
            return key[-_NATIONAL:]
    return key if field.kind != "email" or "@" in key else None


# --- block ---------------------------------------------------------------------------------------


def refuse(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse changes that would make a duplicate, where the tenant forbids them.

    Who writes a value first holds a lock on it until the end of his transaction, so of two who
    write the same at once the second finds the record of the first.
    """
    if handling(unit.actor, entity) != "block":
        return
    rules = [rule for rule in usable(unit.actor, entity) if isinstance(rule, Same)]
    sought: list[tuple[Change, Sought]] = []
    for change in changes:
        values = {
            path: change[path]
            for rule in rules
            for path in rule.fields
            if change.action in ("create", "restore") or change.touches(path)
        }
        if change.action != "archive" and any(v is not None for v in values.values()):
            sought.append((change, Sought(values=values, id=change.id)))
    if not sought:
        return
    _lock(unit, entity, rules, [one for _change, one in sought])
    find(unit, entity, [one for _change, one in sought], names=False)
    written = {change.id for change in changes}
    first: dict[tuple[int, Any], Change] = {}
    for change, one in sought:
        for found in one.found:
            # What another row of this save holds is looked at as it will be.
            if found.id in written or not found.same:
                continue
            for path in found.fields:
                change.is_duplicate = True
                text, params = _refusal(found)
                change.refuse(path, text, value=change[path], **params)
        for number, key, path in keys(entity, rules, one.values):
            other = first.setdefault((number, key), change)
            if other is not change and not change.errors:
                change.is_duplicate = True
                change.refuse(
                    path, _("'{value}' stands in another row too, and duplicates are not allowed."),
                    value=change[path],
                )  # fmt: skip


def keys(
    entity: EntityView, rules: Sequence[DuplicateRule], values: Mapping[str, Any]
) -> list[tuple[int, Any, str]]:
    """Give what exact rules compare of a record: number of the rule, key and path."""
    return [
        (number, key, path)
        for number, rule in enumerate(rules)
        if isinstance(rule, Same)
        for path in rule.fields
        if (key := key_of(entity.fields[path], values.get(path))) is not None
    ]


def _refusal(found: Duplicate) -> tuple[str, dict[str, Any]]:
    if found.id is None:
        return _("'{value}' is that of a record that you may not see. Ask {people}."), {
            "people": joined(Message(name) for name in found.ask)
        }
    return _("'{value}' is that of {record}, and duplicates are not allowed."), {
        "record": found.label or "—"
    }


def _lock(
    unit: Unit, entity: EntityView, rules: Sequence[DuplicateRule], sought: Sequence[Sought]
) -> None:
    """Hold the values until the transaction ends; SQLite has one writer anyway.

    Locks are taken in order, so that two who hold some of each other's values do not wait for
    ever; many values are held together, as the database's table of locks is small.
    """
    if unit.connection.dialect.name != "postgresql":
        return
    subject = f"duplicates {unit.tenant_id} {entity.name}"
    numbers = {
        _number(f"{subject} {rule} {key}")
        for one in sought
        for rule, key, _path in keys(entity, rules, one.values)
    }
    if len(numbers) > _LOCKS:
        unit.connection.execute(select(func.pg_advisory_xact_lock(_number(subject))))
        return
    wanted = bindparam(None, sorted(numbers), type_=ARRAY(BigInteger))
    number = func.unnest(wanted).column_valued("number")
    ordered = select(number.label("number")).order_by(number).subquery()
    unit.connection.execute(
        union_all(
            select(func.pg_advisory_xact_lock_shared(_number(subject))),
            select(func.pg_advisory_xact_lock(ordered.c.number)),
        )
    )


def _number(subject: str) -> int:
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], signed=True)


# --- parts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Held:
    """A candidate as it is stored."""

    id: UUID
    label: str | None
    owner_id: UUID | None
    is_visible: bool
    values: Mapping[str, Any]


def usable(actor: Actor, entity: EntityView) -> tuple[DuplicateRule, ...]:
    """Give the rules without fields that are hidden from the actor: nothing of them is told."""
    visible = access.visible_fields(actor, entity)
    return tuple(
        type(rule)(*paths)
        for rule in rules_of(entity)
        if (paths := [path for path in rule.fields if path in visible])
    )


def _candidates(
    unit: Unit, entity: EntityView, rules: Sequence[DuplicateRule], sought: Sequence[Sought],
    forms: Collection[str],
) -> list[UUID]:  # fmt: skip
    """Ask the index of every rule for ids, with one statement."""
    exact: list[str] = []
    bound: dict[str, Any] = {}
    patterns: set[tuple[str, ...]] = set()
    for rule in rules:
        given = [
            (entity.fields[path], value)
            for one in sought
            for path in rule.fields
            if (value := one.values.get(path)) is not None
        ]
        if isinstance(rule, Alike):
            for _field, value in given:
                patterns |= {tuple(p) for p in name_patterns(name_words(value, forms))}
            continue
        given = [(f, value) for f, value in given if key_of(f, value) is not None]
        for path in rule.fields if given else ():
            target = entity.fields[path]
            written = {form for _f, value in given for form in _forms(target, value)}
            bound[f"written_{len(exact)}"] = sorted(written)
            exact.append(path)
    if not exact and not patterns:
        return []
    bound["most"] = MANY * len(sought)
    if patterns:
        parts = [_having(unit, entity, path, number) for number, path in enumerate(exact)]
        statement = union(*parts, *_named(unit, entity, sorted(patterns)))
    else:
        # The same fields are looked up whenever a program writes: composed once.
        key = ("exact duplicates", unit.tenant_id, *exact)
        known: CompoundSelect[Any] | None = entity.cache.get(key)
        if known is None:
            parts = [_having(unit, entity, path, number) for number, path in enumerate(exact)]
            known = entity.cache[key] = union(*parts)
        statement = known
    return list(unit.connection.execute(statement, bound).scalars())


def _forms(target: Field, value: Any) -> list[str]:
    """Give the ways in which a field may hold a value."""
    found = spelled(target, value)
    if target.kind == "phone" and target.spellings is None:
        found += [form[-_NATIONAL:] for form in found if len(form) > _NATIONAL]
    return found


def _having(unit: Unit, entity: EntityView, path: str, number: int) -> Any:
    """Select the ids of records that hold one of the values bound as `written_NUMBER`."""
    target = entity.fields[path]
    place = f"written_{number}"
    if target.source == "custom":
        statement = select(side.c.record_id.label("id")).where(
            side.c.tenant_id == unit.tenant_id, side.c.entity == entity.name,
            side.c.field == target.path, side.c.is_active == true(),
            one_of(unit.connection, side.c.text, place),
        )  # fmt: skip
    else:
        table = entity.table
        if target.source == "extension":
            table = entity.extensions[target.plugin].__table__
        statement = select(table.c.id).where(
            table.c.tenant_id == unit.tenant_id,
            one_of(unit.connection, table.c[f"{target.name}_key"], place),
        )
        if table is entity.table:
            statement = statement.where(table.c.archived_at.is_(None))
    return select(statement.limit(bindparam("most", type_=Integer)).subquery().c.id)


_NAMED_SQLITE = (
    "SELECT r.record_id AS id FROM core_search_text t CROSS JOIN core_search_row r "
    "ON r.rowid = t.rowid WHERE t.core_search_text MATCH :alike "
    "AND r.tenant_id = :alike_tenant AND r.entity = :alike_entity LIMIT :alike_many"
)


def _named(unit: Unit, entity: EntityView, patterns: Sequence[tuple[str, ...]]) -> list[Any]:
    """Select the ids of records whose searched text has all pieces of one of the sets."""
    if unit.connection.dialect.name == "postgresql":
        table = literal(entity.table.name, Text)
        return [
            select(
                func.core_search(
                    table, bindparam(None, [like(piece) for piece in pieces], type_=ARRAY(Text)),
                    MANY,
                ).column_valued("id")
            )
            for pieces in patterns
        ]  # fmt: skip
    match = " OR ".join(
        "(" + " AND ".join(f'"{piece}"' for piece in pieces) + ")" for pieces in patterns
    )
    found = (
        sql(_NAMED_SQLITE)
        .bindparams(
            alike=match, alike_tenant=unit.tenant_id, alike_entity=entity.name, alike_many=MANY
        )
        .columns(id=Id)
        .subquery()
    )
    return [select(found.c.id)]


def _read(unit: Unit, entity: EntityView, paths: Sequence[str], ids: Sequence[UUID]) -> list[_Held]:
    """Read living candidates, the newest first, with whether the actor may see each."""
    table = entity.table
    rule = access.predicate(unit.actor, entity, "view")
    if not access.decide(unit.actor, entity, "view").allowed:
        rule = false()
    columns, joined_tables = select_columns(entity, entity.fields, paths)
    owner = table.c.owner_id if entity.info.owned else literal(None)
    seen = literal(1) if rule is None else case((rule, 1), else_=0)
    statement = select(
        *columns, table.c[entity.info.label].label("the_label"), owner.label("the_owner"),
        seen.label("is_seen"),
    ).where(
        table.c.tenant_id == unit.tenant_id, table.c.archived_at.is_(None),
        among(unit.connection, table.c.id, ids),
    )  # fmt: skip
    source: Any = table
    for extension in joined_tables:
        on = (extension.c.tenant_id == table.c.tenant_id) & (extension.c.id == table.c.id)
        source = source.outerjoin(extension, on)
    rows = unit.connection.execute(statement.select_from(source).order_by(table.c.id.desc())).all()
    names = ("id", "version", *paths)
    width = len(names)
    plain = finish(entity, names, [tuple(row[:width]) for row in rows])
    tells_label = entity.info.label in access.visible_fields(unit.actor, entity)
    return [
        _Held(
            id=row[0], label=str(row[width]) if tells_label and row[width] is not None else None,
            owner_id=row[width + 1], is_visible=bool(row[width + 2]),
            values=dict(zip(names, values, strict=True)),
        )
        for row, values in zip(rows, plain, strict=True)
    ]  # fmt: skip


def _tell(unit: Unit, entity: EntityView, record: _Held, reasons: Mapping[str, bool]) -> Duplicate:
    same = any(reasons.values())
    fields = tuple(path for path, exact in reasons.items() if exact or not same)
    if record.is_visible:
        return Duplicate(id=record.id, label=record.label, fields=fields, same=same)
    return Duplicate(id=None, label=None, fields=fields, same=same, ask=_whom(unit, record))


def _whom(unit: Unit, record: _Held) -> tuple[str, ...]:
    """Name who can say more of a record: its owner, else the administrators."""
    view = unit.view
    owner = view.members.get(record.owner_id) if record.owner_id else None
    if owner is not None and owner.is_active:
        return (owner.name,)

    def administers(member: Member) -> bool:
        return any(view.roles[role].is_admin for role in member.roles if role in view.roles)

    found = sorted(m.name for m in view.members.values() if m.is_active and administers(m))
    return tuple(found[:3])


__all__ = [
    "MANY", "Duplicate", "Handling", "Sought", "find", "handling", "key_of", "keys", "refuse",
    "rules_of", "setting_key", "usable", "watched",
]  # fmt: skip
