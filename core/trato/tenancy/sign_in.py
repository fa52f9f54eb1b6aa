"""How a company's people sign in: through its own identity provider, by password, or by both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trato.entities.fold import fold
from trato.errors import Message
from trato.plugin import Setting
from trato.tenancy.core_settings import check_address
from trato.tenancy.view import Member, TenantView
from trato.text import _

_CLAIM = re.compile(r"[A-Za-z0-9_:/.\-]{1,200}")
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
#: What is asked for besides `openid`, where nothing else is set.
SCOPES = "openid email profile"


def check_issuer(text: str) -> Message | None:
    """Tell what is wrong with the address of a provider."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if text and (not good or parts.query or parts.fragment or parts.username is not None):
        return Message(
            _("'{value}' is no address such as https://login.example.com/realms/company."),
            {"value": text[:100]},
        )
    return None


def check_scopes(text: str) -> Message | None:
    """Tell what is wrong with the scopes that are asked for."""
    if text and (not _SCOPES.fullmatch(text) or "openid" not in text.split()):
        return Message(_("Write openid and others with blanks between them."))
    return None


def check_claim(text: str) -> Message | None:
    """Tell what is wrong with the name of a claim."""
    if text and not _CLAIM.fullmatch(text):
        return Message(_("'{value}' is no name of a claim, such as groups."), {"value": text[:60]})
    return None


def check_roles(text: str) -> Message | None:
    """Tell what is wrong with the lines that say which group has which role."""
    for line in text.splitlines():
        group, equals, role = line.rpartition("=")
        if line.strip() and not (equals and group.strip() and role.strip()):
            return Message(
                _("The line '{line}' is not like: group = role."), {"line": line.strip()[:60]}
            )
    return None


def read_roles(text: str) -> tuple[tuple[str, str], ...]:
    """Read which group has which role, line by line: `group = role`."""
    pairs = (line.rpartition("=") for line in text.splitlines() if line.strip())
    return tuple((group.strip(), role.strip()) for group, _equals, role in pairs)


SSO_SETTINGS = (
    Setting(key="sso_on", label=_("People may sign in through the provider"), kind="boolean",
            default=False),
    Setting(
        key="sso_name", label=_("Name of the provider"), kind="text", longest=60,
        help=_("As people know it, such as Microsoft: it stands on the button."),
    ),
    Setting(
        key="sso_issuer", label=_("Address of the provider (issuer)"), kind="text", longest=500,
        check=check_issuer,
        help=_("To the letter as the provider writes it in its tokens. When it changes, the "
               "client secret is forgotten and everybody who came through it is signed out."),
    ),
    Setting(key="sso_client_id", label=_("Client ID"), kind="text", longest=300,
            help=_("By which the provider knows Trato.")),
    Setting(
        key="sso_client_secret", label=_("Client secret"), kind="secret",
        help=_("A public client has none; the code is protected by PKCE in any case."),
    ),
    Setting(
        key="sso_scopes", label=_("Scopes"), kind="text", longest=300, check=check_scopes,
        default=SCOPES,
    ),
    Setting(
        key="sso_creates_people", label=_("Let in whoever the provider knows"), kind="boolean",
        default=False,
        help=_("On their first visit they get an account of this company and take a seat of the "
               "licence. Otherwise only people who were invited enter, once they have linked their "
               "account."),
    ),
    Setting(
        key="sso_roles_claim", label=_("Claim with the groups"), kind="text", check=check_claim,
        help=_("Such as groups; it must stand in the ID token. Empty: everybody gets the usual "
               "role."),
    ),
    Setting(
        key="sso_roles", label=_("Roles of the groups"), kind="text", longest=8000,
        check=check_roles,
        help=_("One a line: group = key of the role. Whoever is in several has all their roles."),
    ),
    Setting(
        key="sso_default_role", label=_("Usual role"), kind="text", longest=40,
        help=_("Of whoever is in no group with a role. None: they are not let in."),
    ),
    Setting(
        key="sso_trusts_second_step", label=_("The provider sees to the second step"),
        kind="boolean", default=False,
        help=_("Then Trato asks for none of its own. Otherwise it does of whoever has set one up "
               "or has a role that demands it."),
    ),
    Setting(
        key="sso_hours", label=_("Hours until one signs in again"), kind="integer", default=12,
        minimum=1, maximum=168,
        help=_("Who has left the company at the provider stays in Trato so long at most."),
    ),
    Setting(
        key="sso_only", label=_("Passwords do not open this company"), kind="boolean",
        default=False,
        help=_("All but one account then enter through the provider only. API tokens stay valid."),
    ),
    Setting(
        key="sso_emergency", label=_("Emergency account"), kind="text", longest=254,
        check=check_address,
        help=_("E-mail of the administrator who keeps entering by password, for the day on which "
               "the provider fails. Each such entry is in the audit."),
    ),
)  # fmt: skip
#: A change of these makes the kept client secret void: it must reach no other provider.
SSO_PLACE = frozenset({"sso_issuer", "sso_client_id"})
#: A change of these ends the sessions that the provider opened.
SSO_DOOR = SSO_PLACE | {"sso_on"}
_DEFAULTS = {setting.key: setting.default for setting in SSO_SETTINGS}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a company has set about signing in."""

    is_on: bool
    name: str
    issuer: str
    client_id: str
    scopes: str
    creates_people: bool
    roles_claim: str
    roles: tuple[tuple[str, str], ...]
    default_role: str
    trusts_second_step: bool
    hours: int
    #: Whether a password opens the company for its emergency account only.
    closes_passwords: bool
    emergency: str

    @classmethod
    def read(cls, settings: Mapping[tuple[str, str], Any]) -> Policy:
        """Read a company's settings."""

        def value(key: str) -> Any:
            kept = settings.get(("core", key))
            return _DEFAULTS[key] if kept is None else kept

        is_on = bool(value("sso_on"))
        return cls(
            is_on=is_on, name=str(value("sso_name") or ""),
            issuer=str(value("sso_issuer") or ""), client_id=str(value("sso_client_id") or ""),
            scopes=str(value("sso_scopes") or SCOPES),
            creates_people=bool(value("sso_creates_people")),
            roles_claim=str(value("sso_roles_claim") or ""),
            roles=read_roles(str(value("sso_roles") or "")),
            default_role=str(value("sso_default_role") or ""),
            trusts_second_step=bool(value("sso_trusts_second_step")),
            hours=int(value("sso_hours")), closes_passwords=is_on and bool(value("sso_only")),
            emergency=fold(str(value("sso_emergency") or "")),
        )  # fmt: skip

    def is_emergency(self, member: Member) -> bool:
        """Tell whether a member is the administrator who keeps entering by password."""
        return bool(self.emergency) and fold(member.email) == self.emergency

    def roles_of(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Give the roles of somebody who is in groups; none: they are not let in."""
        found = tuple(dict.fromkeys(role for group, role in self.roles if group in groups))
        return found or ((self.default_role,) if self.default_role else ())


def policy(view: TenantView) -> Policy:
    """Give what a company has set; read once a version of its configuration."""
    found: Policy | None = view.cache.get("sign-in policy")
    if found is None:
        found = view.cache["sign-in policy"] = Policy.read(view.settings)
    return found


def may_enter_by(view: TenantView, member: Member, *, bound: int | None) -> bool:
    """Tell whether a session opens a company for its member.

    :param bound: the company through whose provider the session came; none: by password.
    """
    rules = policy(view)
    if bound is not None:
        return rules.is_on and bound == view.tenant.id
    return not rules.closes_passwords or rules.is_emergency(member)
