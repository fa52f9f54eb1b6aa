"""What a company sets of Trato itself besides its profile: its mail server, its recycle bins."""

from __future__ import annotations

import re

from trato.errors import Message
from trato.plugin import Setting
from trato.text import _

_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s<>()\[\],;:\\\"]+\.[^@\s.]+")
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:([0-9]{1,5}))?")


def check_address(text: str) -> Message | None:
    """Tell what is wrong with a sender."""
    if text and not _ADDRESS.fullmatch(text):
        return Message(_("'{value}' is not an e-mail address."), {"value": text[:60]})
    return None


def check_server(text: str) -> Message | None:
    """Tell what is wrong with a server's name."""
    found = _SERVER.fullmatch(text)
    if text and (found is None or (found[3] and not 0 < int(found[3]) < 65_536)):
        return Message(
            _("'{value}' is no server such as smtp.example.com or smtp.example.com:465."),
            {"value": text[:60]},
        )
    return None


#: How long archived records stay, see ``records.retention``.
BIN_DAYS = Setting(
    key="bin_days", label=_("Days in the recycle bin"), kind="integer", default=0, minimum=0,
    maximum=3650,
    help=_("Archived records are removed for good after so many days, at night; the audit keeps "
           "that they existed. 0: never."),
)  # fmt: skip
MAIL_SETTINGS = (
    Setting(
        key="mail_from", label=_("Sender's address"), kind="text", check=check_address,
        help=_("From it go the letters that Trato writes for the company. The link by which "
               "somebody new chooses a password goes by the server of this installation."),
    ),
    Setting(
        key="mail_server", label=_("Mail server"), kind="text", check=check_server,
        help=_("Such as smtp.example.com; behind a colon its port, if it is not 587. Empty: the "
               "server of this installation."),
    ),
    Setting(key="mail_user", label=_("User of the mail server"), kind="text"),
    Setting(
        key="mail_password", label=_("Password of the mail server"), kind="secret",
        help=_("When the server or its user changes it is forgotten, so that it reaches no other."),
    ),
)  # fmt: skip
#: A change of these makes the kept password void.
MAIL_PLACE = frozenset({"mail_server", "mail_user"})
