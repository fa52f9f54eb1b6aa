"""What a role allows: by entity and action, by row, by field, and named permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from trato.errors import Message
from trato.text import _

#: Actions on records. The first four take a row scope, the last two only yes (`all`) or no.
Action = Literal["view", "create", "edit", "archive", "export", "import"]
ACTIONS: tuple[Action, ...] = ("view", "create", "edit", "archive", "export", "import")
Scope = Literal["none", "own", "team", "all"]
SCOPES: tuple[Scope, ...] = ("none", "own", "team", "all")
FieldRule = Literal["hidden", "read"]


#: Permission to read what happened to all of a tenant's records, in the audit.
AUDIT = "core.audit"
#: Permission to share views of lists with one's teams and with everybody.
SHARE_VIEWS = "core.share_views"
#: Roles that are given until a day only.
TEMPORARY_ROLES = frozenset({"auditor"})


def widest(scopes: Any) -> Scope:
    """Pick the scope that sees most."""
    return max(scopes, key=SCOPES.index, default="none")


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What one role allows. What it does not say is denied."""

    #: What the role is called: a message id, or the tenant's own words.
    name: str = ""
    is_admin: bool = False
    #: Entity name, or `*` for all others, to action to scope.
    entities: Mapping[str, Mapping[str, Scope]] = field(default_factory=dict)
    #: Entity name to field path to rule; a field without a rule may be seen and edited.
    fields: Mapping[str, Mapping[str, FieldRule]] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    #: Whoever has the role must sign in with a second step.
    second_factor: bool = False

    @classmethod
    def everything(cls) -> Grants:
        """Allow all."""
        return cls(is_admin=True)

    def scope(self, entity: str, action: Action) -> Scope:
        """Say which records of an entity the role may do something with."""
        if self.is_admin:
            return "all"
        rules = self.entities.get(entity, self.entities.get("*", {}))
        return rules.get(action, "none")

    def field_rule(self, entity: str, path: str) -> FieldRule | None:
        """Say whether a field is hidden or read only for the role."""
        return None if self.is_admin else self.fields.get(entity, {}).get(path)

    def allows(self, permission: str) -> bool:
        """Tell whether the role has a named permission."""
        return self.is_admin or permission in self.permissions

    def to_json(self) -> dict[str, Any]:
        """Write the grants as they are stored and exported."""
        extra = {"second_factor": True} if self.second_factor else {}
        if self.is_admin:
            return {"admin": True, **extra}
        return {
            **extra,
            "entities": {name: dict(rules) for name, rules in self.entities.items()},
            "fields": {name: dict(rules) for name, rules in self.fields.items()},
            "permissions": sorted(self.permissions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, name: str = "") -> Grants:
        """Read stored grants; what is not understood is left out, and so denied."""
        demands = data.get("second_factor") is True
        if data.get("admin") is True:
            return cls(name=name, is_admin=True, second_factor=demands)
        entities = {
            str(name): {
                str(action): cast(Scope, scope)
                for action, scope in rules.items()
                if action in ACTIONS and scope in SCOPES
            }
            for name, rules in (data.get("entities") or {}).items()
        }
        fields = {
            str(name): {
                str(path): cast(FieldRule, rule)
                for path, rule in rules.items()
                if rule in ("hidden", "read")
            }
            for name, rules in (data.get("fields") or {}).items()
        }
        return cls(
            name=name, entities=entities, fields=fields,
            permissions=frozenset(data.get("permissions") or ()), second_factor=demands,
        )  # fmt: skip


_KEYS = ("admin", "entities", "fields", "permissions", "second_factor")


def grant_problems(data: Any) -> list[Message]:
    """Name what is wrong in a role's grants as an implementer wrote them."""
    if not isinstance(data, Mapping):
        return [Message(_("A role's grants are a mapping."))]
    problems = [
        Message(_("'{key}' is not part of a role; say one of {keys}."),
                {"key": key, "keys": ", ".join(_KEYS)})
        for key in data
        if key not in _KEYS
    ]  # fmt: skip
    for key in ("admin", "second_factor"):
        if not isinstance(data.get(key, False), bool):
            problems.append(Message(_("'{key}' is true or false."), {"key": key}))
    for entity, rules in (data.get("entities") or {}).items():
        for action, scope in rules.items():
            if action not in ACTIONS:
                problems.append(
                    Message(
                        _("{entity}: '{action}' is not an action; say one of {actions}."),
                        {"entity": entity, "action": action, "actions": ", ".join(ACTIONS)},
                    )
                )
            elif scope not in SCOPES:
                problems.append(
                    Message(
                        _("{entity}.{action}: '{scope}' is not a scope; say one of {scopes}."),
                        {"entity": entity, "action": action, "scope": scope,
                         "scopes": ", ".join(SCOPES)},
                    )
                )  # fmt: skip
    for entity, rules in (data.get("fields") or {}).items():
        for path, rule in rules.items():
            if rule not in ("hidden", "read"):
                problems.append(
                    Message(
                        _("{entity}.{path}: '{rule}' is not a rule; say hidden or read."),
                        {"entity": entity, "path": path, "rule": rule},
                    )
                )
    return problems


def _same(scope: Scope, *, export: Scope = "none", load: Scope = "none") -> dict[str, Scope]:
    return {"view": scope, "create": "all", "edit": scope, "archive": scope,
            "export": export, "import": load}  # fmt: skip


#: Roles that every new tenant starts with; its administrator may change all but `admin`.
PRESETS: dict[str, tuple[str, Grants]] = {
    "admin": (_("Administrator"), Grants.everything()),
    "manager": (_("Manager"), Grants(entities={"*": _same("all", export="all", load="all")})),
    "seller": (
        _("Seller"),
        Grants(
            entities={
                "*": {"view": "team", "create": "all", "edit": "own", "archive": "own"},
            }
        ),
    ),
    "viewer": (_("Reader"), Grants(entities={"*": {"view": "all"}})),
    "auditor": (
        _("Auditor"),
        Grants(entities={"*": {"view": "all", "export": "all"}}, permissions=frozenset({AUDIT})),
    ),
}
