"""What `trato doctor` looks at: each check gives findings, and none of them changes anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from trato.cli import readiness
from trato.errors import Message, TratoError
from trato.text import _

if TYPE_CHECKING:
    from trato.host import Host
    from trato.tenancy.view import Tenant, TenantView

Level = Literal["ok", "warn", "fail"]

#: Seconds by which this machine's clock may differ from the database's: what is more is warned of,
#: and of yet more sessions and second steps may end too soon or be refused.
_SKEW, _WORST_SKEW = 5, 60
#: A licence that ends sooner is warned of.
_SOON = 30


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found, and what to do about it."""

    check: str
    level: Level
    fact: Message
    action: Message | None = None


def _finding(
    check: str, level: Level, fact: str, /, action: str | None = None, **params: Any
) -> Finding:
    return Finding(
        check=check, level=level, fact=Message(fact, params),
        action=None if action is None else Message(action, params),
    )  # fmt: skip


def examine(host: Host) -> Iterator[Finding]:
    """Look at an installation, from what all stands on to what only one tenant has."""
    yield from plugins(host)
    yield from keys(host)
    yield from storage(host)
    try:
        pending = readiness.pending_migrations(host)
    except TratoError as error:
        reason = getattr(error.__cause__, "orig", None)
        detail = "" if reason is None else str(reason).strip().splitlines()[0]
        yield _finding("database", "fail", _("{error} {detail}"), _("Check TRATO_DATABASE_URL, and "
                       "that the server runs."), error=error.message, detail=detail)  # fmt: skip
        return
    yield from database(host, pending)
    if "core" not in pending:
        yield from background(host)
        yield from tenants(host)


def plugins(host: Host) -> Iterator[Finding]:
    """Name the plugins that do not work."""
    for problem in host.problems:
        for message in problem.messages:
            yield _finding(
                "plugins", "fail", _("Plugin '{plugin}' is left out: {reason}"),
                _("Mend it, or uninstall it."), plugin=problem.plugin, reason=message,
            )  # fmt: skip
    yield _finding("plugins", "ok", _("Plugins that work: {names}."),
                   names=", ".join(host.plugins) or "-")  # fmt: skip


def keys(host: Host) -> Iterator[Finding]:
    """Look at the secret of the installation and the keys of licences."""
    from trato.settings import weak_secret

    settings = host.settings
    path = settings.sqlite_path
    if not _key_is_made_later(host):
        try:
            weak = weak_secret(host.secret_keys[0])
        except TratoError as error:
            yield Finding(check="secret", level="fail", fact=error.message, action=error.hint)
        else:
            if weak is None:
                yield _finding("secret", "ok", _("The secret key is strong."))
            else:
                yield Finding(
                    check="secret", level="fail", fact=weak,
                    action=Message(_("Set TRATO_SECRET_KEY to a new random text, followed by a "
                                     "comma and the old one.")),
                )  # fmt: skip
    else:
        yield _finding("secret", "ok", _("The first command makes a secret key beside the "
                                         "database."))  # fmt: skip
    try:
        trusted = host.public_keys
    except TratoError as error:
        yield Finding(check="licences", level="fail", fact=error.message, action=error.hint)
    else:
        if trusted:
            yield _finding("licences", "ok", _("Licences signed with {keys} are accepted."),
                           keys=", ".join(key.kid for key in trusted))  # fmt: skip
        else:
            yield _finding(
                "licences", "fail",
                _("No public key of an issuer is set, so no licence is valid and no plugin "
                  "enabled."),
                _("Set TRATO_LICENSE_PUBLIC_KEY."),
            )  # fmt: skip
    in_demo = path is not None and (path.parent / "demo.json").exists()
    if settings.license_private_key is not None and not in_demo:
        yield _finding(
            "licences", "fail",
            _("The private key of the licence issuer is set in this environment: who takes it can "
              "issue any licence."),
            _("Remove TRATO_LICENSE_PRIVATE_KEY here and keep it with the issuer."),
        )  # fmt: skip


def _key_is_made_later(host: Host) -> bool:
    """Tell whether there is no secret yet; whoever asks the host for it makes one."""
    from trato.settings.secret_key import FILE_NAME

    path = host.settings.sqlite_path
    return (
        not host.settings.secret_key and path is not None and not (path.parent / FILE_NAME).exists()
    )


def storage(host: Host) -> Iterator[Finding]:
    """Find out whether files can be kept."""
    folder = host.settings.storage_folder
    if host.settings.has_chance_folder:
        yield _finding(
            "storage", "fail",
            _("TRATO_STORAGE_URL is not set: each command looks for files in trato-files below the "
              "folder that it is run in, here {folder}."),
            _("Set TRATO_STORAGE_URL to one folder for all processes, and move the files there."),
            folder=str(folder),
        )  # fmt: skip
    # The folder is made when the first file is; until then its parent must allow it.
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        yield _finding(
            "storage", "fail", _("No file can be kept in {folder}: {reason}."),
            _("Give the user that runs Trato the right to write there, or change "
              "TRATO_STORAGE_URL."),
            folder=str(folder), reason=error.strerror or str(error),
        )  # fmt: skip
    else:
        yield _finding("storage", "ok", _("Files are kept in {folder}."), folder=str(folder))


def database(host: Host, pending: dict[str, str]) -> Iterator[Finding]:
    """Look at the database's role, migrations, maintenance and walls between tenants."""
    from trato.db.engine import transaction
    from trato.db.security import check_role
    from trato.tenancy import maintenance

    path = host.settings.sqlite_path
    if path is not None and not path.exists():
        yield _finding("database", "warn", _("The database {path} does not exist yet."),
                       _("The first command that needs it makes it."), path=str(path))  # fmt: skip
        return
    yield _finding("database", "ok", _("The database answers ({kind})."),
                   kind="SQLite" if path is not None else "PostgreSQL")  # fmt: skip
    if path is None:
        with transaction(host.engine, read=True) as connection:
            try:
                check_role(connection, owner_url=host.settings.owner_database_url)
            except TratoError as error:
                yield Finding(check="role", level="fail", fact=error.message, action=error.hint)
            else:
                yield _finding("role", "ok", _("Row-level security holds for the role '{role}'."),
                               role=host.engine.url.username)  # fmt: skip
    if pending:
        yield _finding(
            "migrations", "warn" if path is not None else "fail",
            _("Migrations are pending: {pending}."), _("Run: trato migrate"),
            pending=readiness.written(pending),
        )  # fmt: skip
    else:
        yield _finding("migrations", "ok", _("All tables are up to date."))
    if "core" not in pending:
        with transaction(host.engine, read=True) as connection:
            closed = maintenance.read(connection)
        if closed is not None:
            yield _finding(
                "maintenance", "warn",
                _("The installation is closed for maintenance since {since}."),
                _("Open it with: trato maintenance off"),
                since=f"{closed.since:%Y-%m-%d %H:%M} UTC",
            )  # fmt: skip
    if path is None:
        yield from clocks(host)
        yield from walls(host)


def clocks(host: Host) -> Iterator[Finding]:
    """Compare the clock of this machine with PostgreSQL's, which decides what is due."""
    from sqlalchemy import text

    from trato.db.engine import transaction

    with transaction(host.engine, read=True) as connection:
        asked = host.clock()
        there = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        heard = host.clock()
    # The answer was made between the two; however long it took, that is no difference.
    ahead = min(asked - there, heard - there, key=abs).total_seconds()
    if asked <= there <= heard or abs(ahead) <= _SKEW:
        yield _finding("clock", "ok", _("The clocks of this machine and of the database agree."))
        return
    yield _finding(
        "clock", "warn" if abs(ahead) <= _WORST_SKEW else "fail",
        _("The clock of this machine is {seconds} s ahead of the database's.") if ahead > 0 else
        _("The clock of this machine is {seconds} s behind the database's."),
        _("Have both machines set their clocks by NTP; 'timedatectl' shows whether they do."),
        seconds=round(abs(ahead)),
    )  # fmt: skip


def walls(host: Host) -> Iterator[Finding]:
    """Find tables of tenants without their policy, and rights on the audit that nobody may have."""
    from sqlalchemy import text

    from trato.db.engine import transaction
    from trato.db.security import tenant_tables

    wanted = {table.name: table for table in tenant_tables(readiness.metadata())}
    with transaction(host.engine, read=True) as connection:
        rows = connection.execute(
            text(
                "SELECT c.relname AS name, c.relrowsecurity AS walled, "
                "EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid "
                "AND p.polname = 'tenant') AS has_policy, "
                "has_table_privilege(current_user, c.oid, 'UPDATE') AS may_update, "
                "has_table_privilege(current_user, c.oid, 'SELECT') AS may_select "
                "FROM pg_class c WHERE c.relkind IN ('r', 'p') "
                "AND c.relnamespace = current_schema()::regnamespace"
            )
        ).all()
    found = [row for row in rows if row.name in wanted]
    open_ones = sorted(row.name for row in found if not (row.walled and row.has_policy))
    if open_ones:
        yield _finding(
            "isolation", "fail", _("Row-level security is missing on: {tables}."),
            _("Run: trato migrate"), tables=", ".join(open_ones),
        )  # fmt: skip
    elif found:
        yield _finding("isolation", "ok", _("Row-level security is on for {count} tables."),
                       count=len(found))  # fmt: skip
    closed = sorted(row.name for row in found if not row.may_select)
    if closed:
        yield _finding("grants", "fail", _("The application may not read: {tables}."),
                       _("Run: trato migrate"), tables=", ".join(closed))  # fmt: skip
    loose = sorted(
        row.name for row in found if row.may_update and wanted[row.name].info.get("append_only")
    )
    if loose:
        yield _finding("grants", "fail", _("The application may change what is only ever added "
                       "to: {tables}."), _("Run: trato migrate"),
                       tables=", ".join(loose))  # fmt: skip


def background(host: Host) -> Iterator[Finding]:
    """Find out whether anybody runs the tasks that wait, and queues those that are due."""
    from trato.db.engine import transaction
    from trato.jobs import presence, queue_state

    now = host.clock()
    state = queue_state.read(host.engine, now=now)
    waiting = state.counts["queued"]
    with transaction(host.engine, read=True) as connection:
        there = {kind: presence.present(connection, kind, now=now) for kind in presence.KINDS}
        seen = {kind: presence.last_seen(connection, kind) for kind in presence.KINDS}
    if not waiting or all(there.values()):
        yield _finding(
            "background", "ok",
            _("Tasks that wait: {waiting}. Workers: {workers}, schedulers: {schedulers}."),
            waiting=waiting, workers=there["worker"], schedulers=there["scheduler"],
        )  # fmt: skip
        return
    start = {
        "worker": _("Run: trato worker (on SQLite 'trato serve' brings one along)"),
        "scheduler": _("Run: trato scheduler (on SQLite 'trato serve' brings one along)"),
    }
    never = {
        "worker": _("{waiting} tasks wait, the oldest for {age} s, and no worker is there."),
        "scheduler": _("{waiting} tasks wait, and no scheduler is there: nothing is queued at its "
                       "time."),
    }  # fmt: skip
    missed = {
        "worker": _("{waiting} tasks wait, the oldest for {age} s, and no worker has been seen "
                    "since {since}."),
        "scheduler": _("{waiting} tasks wait, and no scheduler has been seen since {since}: "
                       "nothing is queued at its time."),
    }  # fmt: skip
    for kind in presence.KINDS:
        if not there[kind]:
            since = seen[kind]
            yield _finding(
                "background", "warn", never[kind] if since is None else missed[kind], start[kind],
                waiting=waiting, age=round(state.age),
                since="" if since is None else f"{since:%Y-%m-%d %H:%M} UTC",
            )  # fmt: skip


def tenants(host: Host) -> Iterator[Finding]:
    """Look at each tenant's licence and plugins."""
    from trato import administration
    from trato.jobs.kept_files import missing

    for tenant in administration.tenants(host):
        yield from _tenant(host, host.for_tenant(tenant.id))
        yield from _history(host, tenant)
        for folder in missing(host, tenant):
            yield _finding(
                "storage", "fail", _("Tenant '{tenant}': rows name files in {folder}, which does "
                                     "not exist."),
                _("Set TRATO_STORAGE_URL to the folder that all processes use, or restore it."),
                tenant=tenant.slug, folder=str(folder),
            )  # fmt: skip


def _history(host: Host, tenant: Tenant) -> Iterator[Finding]:
    """Compare the secret with the oldest and the newest thing that a tenant had signed with it.

    A warning: the earlier key may have been left out on purpose, and only ``audit verify`` can tell
    another key from what was changed.
    """
    from trato.cli.audit import EARLIER_KEY
    from trato.db.engine import transaction
    from trato.records import audit

    if _key_is_made_later(host):
        return
    try:
        keys = host.audit_keys
    except TratoError:  # told of the secret already
        return
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        fit = audit.ends_fit(connection, tenant.id, keys=keys)
    if fit is not None and not all(fit):
        yield _finding(
            "secret", "warn",
            _("Tenant '{tenant}': its history does not fit TRATO_SECRET_KEY, in part or as a "
              "whole; with another key second steps at sign-in and sealed settings are lost too."),
            EARLIER_KEY, tenant=tenant.slug,
        )  # fmt: skip


def _tenant(host: Host, view: TenantView) -> Iterator[Finding]:
    slug, license = view.tenant.slug, view.license
    if license.state in ("none", "invalid"):
        yield _finding(
            "tenant", "warn" if license.state == "none" else "fail",
            _("Tenant '{tenant}': {problem}"), _("Run: trato license install {tenant} FILE"),
            tenant=slug, problem=license.problem,
        )  # fmt: skip
    elif license.expires is not None:
        left = (license.expires - host.clock().date()).days
        day = license.expires.isoformat()
        renew = _("Ask the issuer for a new licence: trato license install {tenant} FILE")
        if left < 0:
            yield _finding("tenant", "fail", _("Tenant '{tenant}': the licence expired on {day}."),
                           renew, tenant=slug, day=day)  # fmt: skip
        elif left <= _SOON:
            yield _finding("tenant", "warn", _("Tenant '{tenant}': the licence expires on {day}, "
                           "in {left} days."), renew, tenant=slug, day=day, left=left)  # fmt: skip
        else:
            yield _finding("tenant", "ok", _("Tenant '{tenant}': licence until {day}."),
                           tenant=slug, day=day)  # fmt: skip
        used = sum(member.is_active for member in view.members.values())
        if used > license.seats:
            yield _finding(
                "tenant", "warn", _("Tenant '{tenant}': {used} users are active, and the licence "
                                    "has {seats} seats."),
                _("End memberships, or ask the issuer for more seats."),
                tenant=slug, used=used, seats=license.seats,
            )  # fmt: skip
    licensed = license.state not in ("none", "invalid")
    for state in view.plugins.values():
        if state.is_on and not state.enabled and (licensed or not state.installed):
            yield _finding(
                "tenant", "warn" if state.installed else "fail",
                _("Tenant '{tenant}': plugin '{plugin}' is on and does not work: {reason}"),
                _("Mend it, or disable it: trato plugin disable {tenant} {plugin}"),
                tenant=slug, plugin=state.name, reason=state.reason,
            )  # fmt: skip
