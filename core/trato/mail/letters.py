"""The words of the letters, in the reader's language, as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from trato.errors import Message
from trato.i18n import Catalogs
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter that is ready to be sent."""

    locale: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a letter says, before it is put into a language."""

    subject: Message
    paragraphs: tuple[Message, ...]
    #: Words on the button, and where it leads.
    button: Message
    url: str
    #: Small print under the button.
    footnotes: tuple[Message, ...] = ()
    #: Lines between text and button, each with where it leads.
    items: Sequence[tuple[Message, str]] = ()


def invitation(*, name: str, tenant: str, inviter: str, url: str, days: int) -> Draft:
    """Invite somebody new: they choose a name and a password."""
    return Draft(
        subject=Message(_("{inviter} invites you to {tenant} in Trato"),
                        {"inviter": inviter, "tenant": tenant}),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("{inviter} has given you access to {tenant} in Trato, where the company "
                      "keeps its customers and its work with them."),
                    {"inviter": inviter, "tenant": tenant}),
            Message(_("Choose your password and you can begin.")),
        ),
        button=Message(_("Accept the invitation")), url=url,
        footnotes=(
            Message(_("The link works once, during {days} days."), {"days": days}),
            Message(_("If you did not expect this, ignore the message: nobody gets access "
                      "without the link.")),
        ),
    )  # fmt: skip


def trial(*, name: str, tenant: str, url: str) -> Draft:
    """Show an administrator that the company's mail server takes letters."""
    return Draft(
        subject=Message(_("The mail of {tenant} works"), {"tenant": tenant}),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("Trato has sent this letter by the mail server that {tenant} has set up."),
                    {"tenant": tenant}),
        ),
        button=Message(_("Open Trato")), url=url,
    )  # fmt: skip


def added(*, name: str, tenant: str, inviter: str, url: str) -> Draft:
    """Tell somebody who has an account that another company let them in."""
    return Draft(
        subject=Message(_("You may now enter {tenant} in Trato"), {"tenant": tenant}),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("{inviter} has given you access to {tenant}. Sign in as always; you change "
                      "company at the top of the menu."),
                    {"inviter": inviter, "tenant": tenant}),
        ),
        button=Message(_("Open Trato")), url=url,
    )  # fmt: skip


def identity_link(
    *, name: str, tenant: str, inviter: str, provider: str, url: str, days: int
) -> Draft:
    """Invite a member to tie the account of the company's identity provider."""
    return Draft(
        subject=Message(_("Enter {tenant} with {provider}"),
                        {"tenant": tenant, "provider": provider}),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("{inviter} invites you to enter {tenant} in Trato with your account of "
                      "{provider} from now on. Link it once."),
                    {"inviter": inviter, "tenant": tenant, "provider": provider}),
        ),
        button=Message(_("Link my account")), url=url,
        footnotes=(
            Message(_("The link works once, during {days} days."), {"days": days}),
            Message(_("Keep it to yourself: whoever opens it enters in your name.")),
        ),
    )  # fmt: skip


def reset(*, name: str, url: str, hours: int) -> Draft:
    """Let somebody choose a new password."""
    return Draft(
        subject=Message(_("Your new password for Trato")),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("Somebody, we hope you, asked for a new password for your account.")),
        ),
        button=Message(_("Choose a new password")), url=url,
        footnotes=(
            Message(_("The link works once, during {hours} hours."), {"hours": hours}),
            Message(_("If it was not you, ignore the message: your password stays as it is.")),
        ),
    )  # fmt: skip


def changed(*, name: str, url: str) -> Draft:
    """Tell somebody that the password was changed."""
    return Draft(
        subject=Message(_("Your password for Trato was changed")),
        paragraphs=(
            Message(_("Hello, {name}:"), {"name": name}),
            Message(_("The password of your account was changed, and your other devices were "
                      "signed out.")),
            Message(_("If it was not you, choose a new password at once and tell the "
                      "administrator of your company.")),
        ),
        button=Message(_("Open Trato")), url=url,
    )  # fmt: skip


def news(
    *, name: str, tenant: str, items: Sequence[tuple[Message, str]], more: int, url: str,
    settings_url: str,
) -> Draft:  # fmt: skip
    """Tell a member what is new.

    :param items: what happened, and where it is seen; the first one of a single letter names it.
    :param more: how many are not in the letter.
    :param settings_url: where the member chooses what such letters tell.
    """
    subject = items[0][0]
    if len(items) + more > 1:
        subject = Message(_("{count} notices of {tenant}"),
                          {"count": len(items) + more, "tenant": tenant})  # fmt: skip
    rest = (Message(_("And {count} more."), {"count": more}),) if more else ()
    return Draft(
        subject=subject,
        paragraphs=(Message(_("Hello, {name}:"), {"name": name}),
                    Message(_("This is new in {tenant}."), {"tenant": tenant}), *rest),
        items=tuple(items), button=Message(_("See all notices")), url=url,
        footnotes=(
            Message(_("You choose what is written to you, and when, in My account, under Notices: "
                      "{url}"), {"url": settings_url}),
        ),
    )  # fmt: skip


def write(draft: Draft, catalogs: Catalogs, locale: str) -> Letter:
    """Put a draft into a language."""
    words: dict[str, Any] = {
        "locale": locale.replace("_", "-"),
        "subject": catalogs.message(draft.subject, locale),
        "paragraphs": [catalogs.message(part, locale) for part in draft.paragraphs],
        "button": catalogs.message(draft.button, locale),
        "url": draft.url,
        "items": [(catalogs.message(text, locale), url) for text, url in draft.items],
        "footnotes": [catalogs.message(part, locale) for part in draft.footnotes],
    }
    # A name with a line break must not become a header of its own.
    words["subject"] = " ".join(str(words["subject"]).split())
    templates = Environment(
        loader=PackageLoader("trato.mail"), trim_blocks=True, lstrip_blocks=True,
        autoescape=select_autoescape(["html"]),
    )  # fmt: skip
    return Letter(
        locale=words["locale"], subject=words["subject"],
        text=templates.get_template("letter.txt").render(words),
        html=templates.get_template("letter.html").render(words),
    )  # fmt: skip
