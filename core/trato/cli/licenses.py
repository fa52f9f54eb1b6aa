"""`trato license …`."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from trato.cli.files import read_text, write_text
from trato.errors import ConfigError
from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.licensing import Claims, PrivateKey


def add(commands: Commands) -> None:
    """Add the commands."""
    license = commands.family("license", _("Issue and install licences"))
    license.command("keygen", _("Make a key pair for issuing licences"), _keygen, json=True)

    issue = license.command("issue", _("Sign a licence; needs no database"), _issue, json=True)
    issue.add_argument("--tenant", metavar="SLUG", required=True, help=_("whom it is for"))
    issue.add_argument("--plugins", metavar="A,B", required=True,
                       help=_("plugins it includes, separated by commas"))  # fmt: skip
    issue.add_argument("--seats", metavar="N", type=int, required=True,
                       help=_("users that may be active"))  # fmt: skip
    issue.add_argument("--expires", metavar="DATE", type=dt.date.fromisoformat, required=True,
                       help=_("last day, such as 2027-12-31"))  # fmt: skip
    issue.add_argument("--out", metavar="FILE", type=Path, required=True,
                       help=_("file to write"))  # fmt: skip
    issue.add_argument("--key", metavar="FILE", type=Path,
                       help=_("file with the private key, instead of "
                              "TRATO_LICENSE_PRIVATE_KEY"))  # fmt: skip

    install = license.command(
        "install", _("Install a licence for a tenant; enables nothing"), _install, json=True
    )
    install.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    install.add_argument("file", metavar="FILE", type=Path, help=_("the licence"))

    show = license.command("show", _("Show what a tenant's licence grants"), _show, json=True)
    show.add_argument("slug", metavar="SLUG", help=_("the tenant"))


def warn_if_expired(context: Context, claims: Claims) -> None:
    """Warn of a licence whose last day is past."""
    today = dt.datetime.now(dt.UTC).date()
    if claims.expires < today:
        context.warn(
            _("The licence of tenant '{tenant}' expired on {day}."), tenant=claims.tenant,
            day=claims.expires.isoformat(),
        )  # fmt: skip


def _keygen(context: Context, args: argparse.Namespace) -> int:
    from trato.licensing import generate_keypair

    pair = generate_keypair()
    if args.json:
        context.show_json(
            {"kid": pair.public.kid, "public_key": pair.public.line(),
             "private_key": pair.private.line()}
        )  # fmt: skip
        return 0
    context.print(f"TRATO_LICENSE_PUBLIC_KEY={pair.public.line()}")
    context.print(f"TRATO_LICENSE_PRIVATE_KEY={pair.private.line()}")
    context.note(
        context.text(
            _("The public key goes to every installation; the private one stays with you alone.")
        )
    )
    return 0


def _issue(context: Context, args: argparse.Namespace) -> int:
    from trato.licensing import Claims, issue

    names = tuple(name.strip() for name in args.plugins.split(",") if name.strip())
    claims = Claims(tenant=args.tenant, plugins=names, seats=args.seats, expires=args.expires)
    token = issue(_private_key(context, args.key), claims)
    write_text(args.out, f"{token}\n")
    warn_if_expired(context, claims)
    if args.json:
        context.show_json(_claims(claims) | {"file": str(args.out)})
    else:
        context.say(
            _("Wrote {file}: tenant '{tenant}', {seats} seats, until {day}, plugins {plugins}."),
            file=str(args.out), tenant=claims.tenant, seats=claims.seats,
            day=claims.expires.isoformat(), plugins=", ".join(claims.plugins) or "-",
        )  # fmt: skip
    return 0


def _private_key(context: Context, file: Path | None) -> PrivateKey:
    from trato.licensing import PrivateKey

    if file is not None:
        return PrivateKey.parse(read_text(file))
    line = context.settings.license_private_key
    if line is None:
        raise ConfigError(
            _("There is no private key to sign with."),
            hint=_("Give --key FILE or set TRATO_LICENSE_PRIVATE_KEY; 'trato license keygen' makes "
                   "a pair."),
            code="no_private_key",
        )  # fmt: skip
    return PrivateKey.parse(line)


def _claims(claims: Claims) -> dict[str, object]:
    return {"tenant": claims.tenant, "plugins": list(claims.plugins), "seats": claims.seats,
            "expires": claims.expires.isoformat()}  # fmt: skip


def _install(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    token, host = read_text(args.file), context.host
    actor = administration.operator(host, args.slug)
    license = administration.install_license(host, args.slug, token, actor=actor)
    warn_if_expired(context, license)
    if args.json:
        context.show_json(_claims(license) | {"id": license.id})
    else:
        context.say(
            _("Tenant '{tenant}' has a licence until {day}: {seats} seats, plugins {plugins}."),
            tenant=args.slug, day=license.expires.isoformat(), seats=license.seats,
            plugins=", ".join(license.plugins) or "-",
        )  # fmt: skip
        context.note(
            context.text(
                _("It enables nothing by itself: trato plugin enable {tenant} NAME"),
                tenant=args.slug,
            )
        )
    return 0


#: What a licence amounts to, in words.
STATES = {
    "none": _("none installed"),
    "invalid": _("invalid"),
    "active": _("valid"),
    "grace": _("expired, still writable"),
    "read_only": _("expired, read only"),
}


def _show(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    host = context.host
    view = host.for_tenant(administration.tenant(host, args.slug).id)
    license = view.license
    used = sum(member.may_enter(host.clock()) for member in view.members.values())
    left = None if license.expires is None else (license.expires - host.clock().date()).days
    if args.json:
        context.show_json(
            {
                "tenant": args.slug, "state": license.state, "plugins": sorted(license.plugins),
                "seats": license.seats, "seats_used": used,
                "expires": None if license.expires is None else license.expires.isoformat(),
                "days_left": left,
                "problem": None if license.problem is None else context.text(license.problem),
            }
        )  # fmt: skip
        return 0
    context.say(_("Licence of tenant '{tenant}': {state}"), tenant=args.slug,
                state=context.text(STATES[license.state]))  # fmt: skip
    if license.problem is not None:
        context.print(context.text(license.problem))
    if license.expires is not None:
        day = license.expires.isoformat()
        if left is not None and left < 0:
            context.print(
                context.plural(_("Until {day} (over for {count} day)"),
                               _("Until {day} (over for {count} days)"), -left, day=day)
            )  # fmt: skip
        else:
            context.say(_("Until {day} (days left: {left})"), day=day, left=left)
        context.say(_("Seats: {used} of {seats} in use"), used=used, seats=license.seats)
        context.say(_("Plugins: {plugins}"), plugins=", ".join(sorted(license.plugins)) or "-")
    return 0
