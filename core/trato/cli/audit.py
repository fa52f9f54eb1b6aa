"""`trato audit …`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    audit = commands.family("audit", _("Check the history of records"))
    verify = audit.command(
        "verify", _("Find changed, removed or cut entries in a tenant's history"), _verify,
        json=True,
    )  # fmt: skip
    verify.add_argument("slug", metavar="SLUG", help=_("the tenant"))


#: What to do where the secret is another one than what was written was signed with.
EARLIER_KEY = _(
    "Add the earlier key behind the new one, and look again: TRATO_SECRET_KEY=NEW,EARLIER"
)

#: What can be wrong with an entry, in words.
KINDS = {
    "removed": _("an entry was removed"),
    "changed": _("the entry was changed"),
    "broken": _("the chain is broken: an entry was put in, or its hash replaced"),
    "record": _("the record is gone, and nobody deleted it"),
    "erased": _("the content of the entry was taken out"),
    "rewritten": _("the entry is not the one that was sealed"),
}


def _verify(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.jobs.catalogue import told_of_seals
    from trato.records import audit

    host = context.host
    tenant = administration.tenant(host, args.slug)
    actor = host.system(tenant.id, via="command", label="audit verify")
    with host.unit(actor, read=True) as unit:
        length = audit.length(unit.connection, tenant.id)
        faults = list(
            audit.verify(
                unit.connection, tenant.id, unit.view.entities.values(), keys=host.audit_keys
            )
        )
        seals = told_of_seals(unit)
        another_key = bool(faults) and audit.seems_of_another_key(
            unit.connection, tenant.id, faults, keys=host.audit_keys
        )
    if args.json:
        context.show_json(
            {
                "tenant": tenant.slug, "entries": length,
                "faults": [
                    {"record_id": str(f.record_id) if f.record_id else None,
                     "sequence": f.sequence, "kind": f.kind}
                    for f in faults
                ],
                "another_key": another_key, **seals,
            }
        )  # fmt: skip
        return 1 if faults else 0
    for fault in faults:
        if fault.record_id is None:
            context.say(_("Seal {number}: it is missing or was changed"), number=fault.sequence)
            continue
        kind = context.text(KINDS.get(fault.kind, fault.kind))
        context.say(_("Record {record}, entry {sequence}: {kind}"), record=fault.record_id,
                    sequence=fault.sequence, kind=kind)  # fmt: skip
    context.print(
        context.plural(_("{count} fault in {entries} entries."),
                       _("{count} faults in {entries} entries."), len(faults), entries=length)
    )  # fmt: skip
    _tell_of_seals(context, seals)
    if another_key:
        context.warn(
            _("From its first entry on the history does not fit TRATO_SECRET_KEY: it looks like "
              "another key, rather than like changed entries.")
        )  # fmt: skip
        context.note(f"  {context.text(EARLIER_KEY)}")
    return 1 if faults else 0


def _tell_of_seals(context: Context, seals: dict[str, Any]) -> None:
    """Name the last seal, to be compared with one that was noted elsewhere, and the tail."""
    last, tail = seals["seal"], seals["unsealed"]
    if last is not None:
        context.say(_("Seal {number} of {at}: {hash}"), **last)
    if tail["entries"]:
        context.print(
            context.plural(
                _("{count} entry since {since} is not sealed yet."),
                _("{count} entries since {since} are not sealed yet."), tail["entries"],
                since=tail["since"],
            )
        )  # fmt: skip
