"""One sign-in from its start to its return: what the browser keeps sealed meanwhile.

State, nonce and verifier never leave the browser that began. Whoever lures somebody to a return
address of his own making lacks the cookie that belongs to it, so nobody is signed in as another.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from trato.access.sealing import Sealer
from trato.errors import ConfigError
from trato.sso.errors import BadFlow
from trato.text import _

#: How long a person may take at the provider.
LIFETIME = dt.timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What must come back together."""

    state: str
    nonce: str
    #: Proves to the provider that who redeems the code is who asked for it (RFC 7636).
    verifier: str
    #: Key of the sign-in page: a return at another company's is refused.
    door: str
    redirect_uri: str
    #: Path to lead on to.
    next: str
    #: Seconds since 1970.
    begun: float
    #: Session, signed in by password, whose member links the identity.
    session: str | None = None
    #: Secret of a link by which a member ties the identity.
    link: str | None = None

    @property
    def challenge(self) -> str:
        """The verifier's hash, which the provider gets first (S256)."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def begin(
    *, door: str, redirect_uri: str, next: str, now: dt.datetime, session: str | None = None,
    link: str | None = None,
) -> Flow:  # fmt: skip
    """Begin a sign-in."""
    return Flow(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48), door=door, redirect_uri=redirect_uri, next=next,
        begun=now.timestamp(), session=session, link=link,
    )  # fmt: skip


def seal(flow: Flow, keys: Sequence[str]) -> str:
    """Write a sign-in for the browser's cookie, which it cannot read or change."""
    return _sealer(keys).seal(json.dumps(asdict(flow)))


def take_up(sealed: str, keys: Sequence[str], *, door: str, state: str, now: dt.datetime) -> Flow:
    """Read the sign-in that a return belongs to.

    :raises BadFlow: when the browser did not begin it, here, in the last minutes.
    """
    try:
        flow = Flow(**json.loads(_sealer(keys).open(sealed)))
    except (ConfigError, ValueError, TypeError) as error:
        raise _bad() from error
    age = now.timestamp() - flow.begun
    good = hmac.compare_digest(flow.state.encode(), state.encode())
    if not good or flow.door != door or not -60 <= age <= LIFETIME.total_seconds():
        raise _bad()
    return flow


def bucket_of(flow: Flow) -> str:
    """Name the counter that sees to it that a return is used once."""
    return f"sso:{hashlib.sha256(flow.state.encode()).hexdigest()[:32]}"


def _sealer(keys: Sequence[str]) -> Sealer:
    return Sealer(keys, purpose="sign-in through a provider")


def _bad() -> BadFlow:
    return BadFlow(
        _("This sign-in was not begun in this browser, or is too old, or was used already."),
        hint=_("Begin again at the sign-in page of your company."),
    )
