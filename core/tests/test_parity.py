"""Whatever a command does for a tenant can be done in a page, and the other way round.

A new command or action without a partner fails here: build the partner, or say why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from trato.cli.context import Context
from trato.cli.program import build

pytestmark = pytest.mark.database("sqlite")

#: Commands by the pages that do the same.
PAIRS: dict[str, tuple[str, ...]] = {
    "tenant create": ("installation.create",),
    "tenant close": ("installation.close",),
    "tenant open": ("installation.reopen",),
    "license install": ("admin.install_license",),
    "license show": ("admin.show_modules",),
    "plugin list": ("admin.show_modules",),
    "plugin enable": ("admin.enable",),
    "plugin disable": ("admin.disable",),
    "plugin purge": ("admin.remove_data",),
    "user list": ("admin.list_users",),
    "user create": ("invitations.send_invitation",),
    "user change": ("admin.save_user", "admin.create_team", "admin.save_team"),
    "user end": ("admin.end_user",),
    "user sign-out": ("admin.sign_out_user",),
    "user link": ("admin.link_user",),
    "user unlink": ("admin.unlink_user",),
    "token create": ("tokens.make",),
    "token list": ("admin.list_tokens", "tokens.show"),
    "token revoke": ("admin.revoke_token", "tokens.revoke"),
    "config export": ("admin.download_configuration",),
    "config apply": (
        "admin.plan_configuration", "admin.save_company", "admin.save_logo", "admin.save_mail",
        "admin.save_settings", "admin.save_sso",
        "admin.create_field", "admin.save_field", "admin.change_field", "admin.change_choices",
        "admin.create_team", "admin.save_team", "admin.save_role", "admin.arrange_form",
    ),
    "config merge-choice": ("admin.merge",),
    "config remove-role": ("admin.delete_role",),
    "config secret": ("admin.save_settings", "admin.save_mail", "admin.save_sso"),
    "config test-mail": ("admin.try_mail",),
    "config test-sso": ("admin.try_sso", "admin.show_sso"),
    "import": ("imports.run",),
    "export": ("pages.export",),
    "backup": ("admin.make_export",),
    "job list": ("admin.show_jobs",),
    "job run": ("admin.run_job",),
    "job cancel": ("admin.change_task",),
    "job retry": ("admin.change_task",),
    "sync run": ("admin.use_connection",),
    "sync status": ("admin.list_connections",),
    "sync retry": ("admin.use_connection", "admin.change_document"),
    "sync review": ("admin.show_review",),
    "sync decide": ("admin.decide_review",),
    "audit verify": ("admin.verify_audit",),
}  # fmt: skip

#: Commands that no page does, and why.
COMMANDS_ALONE = {
    "tenant delete": "It needs the owner of the tables, whom no page has; pages close companies.",
    "license issue": "The seller signs licences, with a key that no installation has.",
}

#: Actions of pages that no command does, and why.
PAGES_ALONE = {
    "admin.preview": "It only draws the form anew while somebody types.",
    "viewing.start": "It is about looking at pages.",
    "viewing.end": "It is about looking at pages.",
}


def leaves(parser: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Give every command with the names of its arguments."""
    below = [a for a in parser._actions if isinstance(a.choices, dict) and a.nargs == "A..."]
    if not below:
        yield " ".join(words), {action.dest for action in parser._actions}
    for action in below:
        for name, child in action.choices.items():
            yield from leaves(child, (*words, name))


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """Name the commands of core that are about one tenant."""
    found = dict(leaves(build(Context("es"))))
    return {name for name, arguments in found.items() if arguments & {"slug", "tenant"}}


@pytest.fixture
def actions(app: Flask) -> set[str]:
    """Name what the pages of the administration do, apart from showing."""
    owners = {"admin", "invitations", "viewing", "tokens", "installation"}
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in owners and "POST" in (rule.methods or ())
    }


def test_every_command_for_a_tenant_has_a_page_or_a_reason(commands: set[str]) -> None:
    assert len(commands) > 25
    assert commands - set(PAIRS) - set(COMMANDS_ALONE) == set()


def test_every_action_of_a_page_has_a_command_or_a_reason(actions: set[str]) -> None:
    paired = {endpoint for endpoints in PAIRS.values() for endpoint in endpoints}

    assert len(actions) > 20
    assert actions - paired - set(PAGES_ALONE) == set()


def test_no_partner_is_gone(app: Flask, commands: set[str]) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    named = {endpoint for found in PAIRS.values() for endpoint in found} | set(PAGES_ALONE)

    assert {*PAIRS, *COMMANDS_ALONE} - commands == set()
    assert named - endpoints == set()
