"""Commands of an operator."""

from __future__ import annotations

import argparse
from pathlib import Path

from trato.api import Command, Host, Message, _
from trato_colombia.divipola_file import read_divipola
from trato_colombia.municipality_list import replace


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=_("CSV with the columns "
                        "department_code, department, municipality_code, municipality and, if "
                        "there are any, old_codes"))  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help=_("check the file and change nothing")
    )


def replace_municipalities(host: Host, arguments: argparse.Namespace) -> int:
    """Put a file in the place of the list of municipalities, for all tenants.

    :raises Invalid: with line and column of whatever is wrong in it.
    """
    with arguments.file.open("rb") as file:
        municipalities = read_divipola(file)
    if arguments.dry_run:
        done = Message(_("The list is right. Municipalities in it: {count}. Nothing was changed."),
                       {"count": len(municipalities)})  # fmt: skip
    else:
        with host.shared() as connection:
            replaced = replace(connection, municipalities)
        done = Message(
            _("Municipalities in use: {count} (new: {added}, changed: {changed}, retired: "
              "{retired})."),
            {"count": len(municipalities), "added": replaced.added, "changed": replaced.changed,
             "retired": replaced.retired},
        )  # fmt: skip
    print(host.catalogs.message(done, host.settings.default_locale, domain="colombia"))
    return 0


MUNICIPALITIES = Command(
    name="municipalities",
    help=_("Replace the list of municipalities by another edition"),
    arguments=_arguments,
    run=replace_municipalities,
)
