"""Why somebody can, or cannot, do something with a record: asked of the engine that decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from trato.access import rules
from trato.access.actor import Actor
from trato.access.roles import Action, FieldRule
from trato.access.rules import Decision
from trato.entities.view import EntityView
from trato.errors import Forbidden, Message
from trato.records import owning
from trato.records.query import Record
from trato.records.unit import Unit
from trato.text import _

#: Permission to ask on behalf of another member.
ADMINISTER = "core.administer"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a member may do with a record, and by which rule."""

    member_name: str
    roles: tuple[str, ...]
    decisions: dict[Action, Decision]
    #: Fields that the member's roles hide or lock.
    fields: dict[str, FieldRule]
    #: Fields that other systems rule, of those that the member could write otherwise.
    kept: owning.Kept


def explain(
    unit: Unit, entity: EntityView, record: Record, *, member_id: UUID | None = None
) -> Explanation:
    """Explain what the actor, or for an administrator another member, may do with a record.

    :raises Forbidden: when somebody else asks about another member.
    """
    actor = unit.actor
    if member_id is not None and member_id != actor.member_id:
        if not actor.has(ADMINISTER):
            raise Forbidden(_("Only an administrator may ask this about somebody else."))
        actor = replace(actor, member=unit.view.members[member_id], scopes=None)
    writable = rules.writable_fields(actor, entity)
    return Explanation(
        member_name=actor.name,
        roles=actor.member.roles if actor.member else (),
        decisions={
            action: decide(unit, actor, entity, record, action)
            for action in ("view", "edit", "archive")
        },
        fields=dict(rules.field_rules(actor, entity)),
        kept={
            path: owner
            for path, owner in owning.kept(unit, entity, record.id).items()
            if path in writable
        },
    )


def decide(unit: Unit, actor: Actor, entity: EntityView, record: Record, action: Any) -> Decision:
    """Decide about one record, following its parents where these decide."""
    general = rules.decide(actor, entity, action)
    if not general.allowed:
        return general
    ruler = rules.ruler(actor, entity)
    granted = rules.scope(actor, entity, action)
    if ruler is entity:
        return rules.covers(
            actor, granted, owner_id=record.values.get("owner_id"),
            team_id=record.values.get("team_id"),
        )  # fmt: skip
    if ruler is None or granted == "all":
        return general
    parent_path = entity.info.parent or ""
    parent = unit.view.entities[entity.fields[parent_path].target or ""]
    parent_id = record.values.get(parent_path)
    if parent_id is None:
        return Decision(allowed=False, reason=Message(_("It belongs to nobody.")))
    above = unit.records.get(parent.name, parent_id, archived=None)
    return decide(unit, actor, parent, above, "view" if action == "view" else "edit")
