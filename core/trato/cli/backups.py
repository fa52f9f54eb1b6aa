"""`trato backup` and `trato restore`."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from trato.cli.progress import Progress
from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.lifecycle.backup_reading import BackupFile


def add(commands: Commands) -> None:
    """Add the commands."""
    backup = commands.command(
        "backup", _("Write all rows and files into one archive, whatever the database"), _backup,
        json=True,
    )  # fmt: skip
    backup.add_argument("file", metavar="FILE", type=Path, help=_("archive to write"))
    backup.add_argument("--tenant", metavar="SLUG", help=_("only this tenant"))
    restore = commands.command(
        "restore", _("Restore an archive: an installation into an empty database, or a tenant"),
        _restore, json=True,
    )  # fmt: skip
    restore.add_argument("file", metavar="FILE", type=Path, help=_("archive to read"))


def _backup(context: Context, args: argparse.Namespace) -> int:
    from trato.lifecycle.backup import back_up

    host = context.existing_host
    if host.settings.has_chance_folder:
        context.warn(
            _("TRATO_STORAGE_URL is not set: files are looked for in {folder}, which lies below "
              "the current folder."), folder=str(host.settings.storage_folder),
        )  # fmt: skip
    with Progress(context, _("Backup")) as progress:
        done = back_up(
            host, args.file, slug=args.tenant,
            report=progress.reach if progress.is_seen else None,
        )  # fmt: skip
    if args.json:
        context.show_json(
            {"file": str(done.path), "tenants": done.tenants, "rows": done.rows,
             "files": done.files, "bytes": done.bytes}
        )  # fmt: skip
    else:
        context.say(_("Archive: {path} (tenants: {tenants}, rows: {rows}, files: {files}, "
                      "bytes: {bytes})"), path=str(done.path), tenants=len(done.tenants),
                    rows=done.rows, files=done.files, bytes=done.bytes)  # fmt: skip
    return 1 if _misses_files(context, done.tenants) else 0


def _misses_files(context: Context, slugs: Collection[str]) -> bool:
    """Tell, and say, whether files that rows name are not where this command looks for them."""
    from trato import administration
    from trato.jobs.kept_files import missing

    host = context.host
    folders = [
        folder
        for tenant in administration.tenants(host)
        if tenant.slug in slugs
        for folder in missing(host, tenant)
    ]
    if folders:
        context.error(
            context.text(
                _("The archive holds the rows, but not all files: {folder} is named by rows and "
                  "does not exist."), folder=str(folders[0]),
            ),
            context.text(
                _("Set TRATO_STORAGE_URL to the folder that the services use, and back up again.")
            ),
        )  # fmt: skip
    return bool(folders)


def _restore(context: Context, args: argparse.Namespace) -> int:
    from trato.lifecycle.backup_reading import BackupFile
    from trato.lifecycle.restore import restore

    # The archive is judged before a database is made for it.
    with BackupFile(args.file) as archive:
        host = context.host
        _check_seal(context, archive)
        with Progress(context, _("Restoring")) as progress:
            done = restore(host, archive, report=progress.reach)
    for slug, old in done.renumbered.items():
        context.warn(
            _("Tenant '{slug}' has number {new} here instead of {old}: its API tokens do not work "
              "any more, make new ones."), slug=slug, new=done.tenants[slug], old=old,
        )  # fmt: skip
    if args.json:
        context.show_json(
            {"tenants": [{"slug": s, "number": n} for s, n in done.tenants.items()],
             "rows": done.rows, "files": done.files, "known_users": done.known_users}
        )  # fmt: skip
    else:
        context.say(_("Restored. Tenants: {tenants}, rows: {rows}, files: {files}."),
                    tenants=len(done.tenants), rows=done.rows, files=done.files)  # fmt: skip
        if done.known_users:
            context.say(_("Accounts that existed here and keep their password: {count}"),
                        count=done.known_users)  # fmt: skip
    return 0


def _check_seal(context: Context, archive: BackupFile) -> None:
    opened, there = archive.sealed_by(context.host.secret_keys)
    if opened == 0:
        context.warn(
            _("The archive was sealed with another TRATO_SECRET_KEY, or was changed since. With "
              "this key second steps at sign-in and sealed settings cannot be read, and histories "
              "cannot be verified; add the earlier key behind the new one in TRATO_SECRET_KEY.")
        )  # fmt: skip
    elif opened < there:
        context.warn(
            _("The archive was written with {there} secret keys, and {opened} of them are set "
              "here; what was sealed with the others cannot be read."), there=there, opened=opened,
        )  # fmt: skip
