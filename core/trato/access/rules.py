"""The one engine that decides about access, and says why.

A row rule goes by owner and team of the record, or of the record that it belongs to (a branch
follows its client). An entity that has neither is open to everybody who may see the entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true

from trato.access.actor import Actor
from trato.access.roles import Action, FieldRule, Scope, widest
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Forbidden, Message, joined
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether something is allowed, and the reason in words."""

    allowed: bool
    reason: Message


_ACTIONS = {
    "view": _("view"), "create": _("create"), "edit": _("edit"), "archive": _("archive"),
    "export": _("export"), "import": _("import"),
}  # fmt: skip


def scope(actor: Actor, entity: EntityView, action: Action) -> Scope:
    """Say which records of an entity the actor's roles allow for an action."""
    return widest(grant.scope(entity.name, action) for grant in actor.grants)


def ruler(actor: Actor, entity: EntityView) -> EntityView | None:
    """Find the entity whose owner and team decide: itself, or up the line of parents."""
    seen: set[str] = set()
    at: EntityView | None = entity
    while at is not None and not at.info.owned:
        if at.info.parent is None or at.name in seen:
            return None
        seen.add(at.name)
        target = at.fields[at.info.parent].target
        at = actor.view.entities.get(target or "")
    return at


def decide(actor: Actor, entity: EntityView, action: Action) -> Decision:
    """Decide whether the actor may do something with any record of an entity."""
    plugin = entity.info.plugin
    if not actor.in_scope(plugin, "read" if action in ("view", "export") else "write"):
        return Decision(
            allowed=False,
            reason=Message(_("The token's scopes do not cover '{plugin}'."), {"plugin": plugin}),
        )
    granted = scope(actor, entity, action)
    if granted == "none":
        return Decision(
            allowed=False,
            reason=Message(
                _("Your role ({roles}) may not {action} {entity}."),
                {"roles": role_names(actor), "action": Message(_ACTIONS[action]),
                 "entity": entity.info.many},
            ),
        )  # fmt: skip
    return Decision(allowed=True, reason=Message(_SCOPES[granted]))


_SCOPES: dict[str, str] = {
    "own": _("Your role allows the records that you own."),
    "team": _("Your role allows the records of your teams."),
    "all": _("Your role allows all records."),
    "none": _("Your role allows none."),
}


def role_names(actor: Actor) -> Message:
    """Name the actor's roles."""
    return joined(Message(grant.name) for grant in actor.grants) if actor.grants else Message("-")


def require(actor: Actor, entity: EntityView, action: Action) -> None:
    """Refuse with the reason unless the actor may do something with some record.

    :raises Forbidden: with code `insufficient_scope` when it is the token that lacks it.
    """
    decision = decide(actor, entity, action)
    if not decision.allowed:
        mode = "read" if action in ("view", "export") else "write"
        in_scope = actor.in_scope(entity.info.plugin, mode)  # type: ignore[arg-type]
        raise Forbidden(
            decision.reason.text,
            code="forbidden" if in_scope else "insufficient_scope",
            **decision.reason.params,
        )


def predicate(actor: Actor, entity: EntityView, action: Action) -> ColumnElement[bool] | None:
    """Make the condition that selects the records the actor may do something with.

    :return: None where no condition is needed.
    """
    granted = scope(actor, entity, action)
    if granted == "all":
        return None
    if granted == "none":
        return false()
    owner = ruler(actor, entity)
    if owner is None:
        return None
    condition = _owned(actor, owner, granted)
    return condition if owner is entity else _through(actor, entity, owner, condition)


def _owned(actor: Actor, entity: EntityView, granted: Scope) -> ColumnElement[bool]:
    columns = entity.table.c
    own = columns.owner_id == actor.member_id
    if granted == "own" or not actor.teams:
        return own
    return or_(own, columns.team_id.in_(sorted(actor.teams)))


def _through(
    actor: Actor, entity: EntityView, owner: EntityView, condition: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Follow the parents from an entity up to the one that is owned."""
    parent_field = entity.info.parent or ""
    parent = actor.view.entities[entity.fields[parent_field].target or ""]
    inner = condition if parent is owner else _through(actor, parent, owner, condition)
    table, above = entity.table, parent.table
    return exists(
        select(true())
        .select_from(above)
        .where(above.c.tenant_id == table.c.tenant_id, above.c.id == table.c[parent_field], inner)
        .correlate(table)
    )


def covers(actor: Actor, granted: Scope, *, owner_id: Any, team_id: Any) -> Decision:
    """Decide about one record by its owner and team."""
    if granted == "all":
        return Decision(allowed=True, reason=Message(_SCOPES["all"]))
    if granted != "none" and owner_id is not None and owner_id == actor.member_id:
        return Decision(allowed=True, reason=Message(_("You own this record.")))
    if granted == "team" and team_id is not None and team_id in actor.teams:
        name = actor.view.teams[team_id].name if team_id in actor.view.teams else str(team_id)
        return Decision(
            allowed=True, reason=Message(_("It belongs to your team {team}."), {"team": name})
        )
    owner = actor.view.members.get(owner_id) if owner_id else None
    reach = _("your own records") if granted == "own" else _("your teams' records")
    return Decision(
        allowed=False,
        reason=Message(
            _("Your role reaches {scope}, and this record belongs to {owner}.")
            if owner
            else _("Your role reaches {scope}, and this record belongs to nobody."),
            {"scope": Message(reach), "owner": owner.name if owner else ""},
        ),
    )


def field_rules(actor: Actor, entity: EntityView) -> Mapping[str, FieldRule]:
    """Give the fields that are hidden or read only; the kindest of the actor's roles counts."""
    if not actor.grants:
        return {}
    rules: dict[str, FieldRule] = {}
    for path in {p for grant in actor.grants for p in grant.fields.get(entity.name, {})}:
        found = [grant.field_rule(entity.name, path) for grant in actor.grants]
        if None not in found:
            rules[path] = "read" if "read" in found else "hidden"
    return rules


def visible_fields(actor: Actor, entity: EntityView) -> dict[str, Field]:
    """Give the fields that exist for the actor."""
    rules = field_rules(actor, entity)
    return {path: f for path, f in entity.fields.items() if rules.get(path) != "hidden"}


def writable_fields(actor: Actor, entity: EntityView) -> dict[str, Field]:
    """Give the fields that the actor may set."""
    rules = field_rules(actor, entity)
    return {path: f for path, f in entity.fields.items() if f.writable and path not in rules}


__all__ = [
    "Decision", "covers", "decide", "field_rules", "predicate", "require", "role_names", "scope",
    "visible_fields", "writable_fields",
]  # fmt: skip
