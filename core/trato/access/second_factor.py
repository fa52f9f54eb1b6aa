"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import Connection, or_, select, update

from trato.access import tables as t
from trato.access.credentials import secret_hash
from trato.access.sealing import Sealer
from trato.errors import DomainError, NotFound
from trato.text import _

#: Seconds that a code is shown for; every app expects this.
STEP = 30
#: Steps before and after the present one that are accepted, for clocks that differ.
DRIFT = 1
RECOVERY_CODES = 10
PURPOSE = "second factor"


class WrongCode(DomainError):
    """A code that is wrong, too old, or used already; which of them is not told."""

    code = "wrong_code"


@dataclass(frozen=True, kw_only=True)
class Factor:
    """How a user's second factor stands."""

    is_on: bool
    codes_left: int = 0


def read(connection: Connection, user_id: UUID) -> Factor:
    """Say whether a user has a second factor, and how many recovery codes are left."""
    row = _row(connection, user_id)
    if row.totp_confirmed_at is None:
        return Factor(is_on=False)
    return Factor(is_on=True, codes_left=len(row.recovery_hashes or ()))


def begin(connection: Connection, user_id: UUID, sealer: Sealer) -> str:
    """Return the secret to be set up; the same until it is confirmed.

    :raises DomainError: when a second factor is set up already.
    """
    # Locked, or a form that is opened twice would show two secrets, and one of them in vain.
    row = _row(connection, user_id, lock=True)
    if row.totp_confirmed_at is not None:
        raise DomainError(
            _("You have a second step already."),
            hint=_("Take it away first to set up another device."), code="second_factor_exists",
        )  # fmt: skip
    if row.totp_secret is not None:
        return sealer.open(row.totp_secret)
    secret = pyotp.random_base32()
    connection.execute(
        update(t.user).where(t.user.c.id == user_id).values(totp_secret=sealer.seal(secret))
    )
    return secret


def confirm(
    connection: Connection, user_id: UUID, code: str, sealer: Sealer, *, now: dt.datetime
) -> list[str]:
    """Switch the second factor on with a first code, and return the recovery codes.

    :raises WrongCode: when the code is not one of the secret's.
    """
    row = _row(connection, user_id)
    if row.totp_confirmed_at is not None or row.totp_secret is None:
        raise WrongCode(_("There is no second step to confirm."))
    step = _matching_step(sealer.open(row.totp_secret), code, now)
    if step is None:
        raise _wrong()
    connection.execute(
        update(t.user).where(t.user.c.id == user_id).values(totp_confirmed_at=now, totp_step=step)
    )
    return renew_recovery(connection, user_id)


def check(
    connection: Connection, user_id: UUID, code: str, sealer: Sealer, *, now: dt.datetime
) -> None:
    """Accept a code of the app, once, or a recovery code, once.

    :raises WrongCode: when it is neither, or was used.
    """
    if _use_recovery(connection, user_id, code):
        return
    row = _row(connection, user_id)
    if row.totp_confirmed_at is None or row.totp_secret is None:
        raise _wrong()
    secret = sealer.open(row.totp_secret)
    step = _matching_step(secret, code, now)
    if step is None:
        raise _wrong()
    last = t.user.c.totp_step
    # A step that is still to come was used before the clock was set back, and would lock its owner
    # out for as long as it was. From here on the steps rise again, so a code works once only.
    is_new = or_(last.is_(None), last < step, last > _present(now) + DRIFT)
    # One statement decides, so that two requests cannot both use a code. Sealing anew lets the
    # operator drop an old key once everybody has signed in.
    used = connection.execute(
        update(t.user)
        .where(t.user.c.id == user_id, is_new)
        .values(totp_step=step, totp_secret=sealer.seal(secret))
    )
    if used.rowcount != 1:
        raise _wrong()


def renew_recovery(connection: Connection, user_id: UUID) -> list[str]:
    """Make new recovery codes and return them; the earlier ones end, only hashes are kept."""
    codes = [_recovery_code() for _number in range(RECOVERY_CODES)]
    hashes = [_recovery_hash(code) for code in codes]
    connection.execute(update(t.user).where(t.user.c.id == user_id).values(recovery_hashes=hashes))
    return codes


def remove(connection: Connection, user_id: UUID) -> None:
    """Take the second factor and its recovery codes away."""
    connection.execute(
        update(t.user)
        .where(t.user.c.id == user_id)
        .values(totp_secret=None, totp_confirmed_at=None, totp_step=None, recovery_hashes=None)
    )


def enrolment_uri(secret: str, *, email: str, issuer: str = "Trato") -> str:
    """Write the address that an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def _row(connection: Connection, user_id: UUID, *, lock: bool = False) -> Any:
    statement = select(
        t.user.c.totp_secret, t.user.c.totp_confirmed_at, t.user.c.totp_step,
        t.user.c.recovery_hashes,
    ).where(t.user.c.id == user_id)  # fmt: skip
    row = connection.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound(_("There is no such person."))
    return row


def _matching_step(secret: str, code: str, now: dt.datetime) -> int | None:
    """Find the time step whose code this is, the latest first."""
    typed = "".join(code.split())
    app = pyotp.TOTP(secret, interval=STEP)
    present = _present(now)
    for step in range(present + DRIFT, present - DRIFT - 1, -1):
        if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode()):
            return step
    return None


def _present(now: dt.datetime) -> int:
    return int(now.timestamp()) // STEP


def _use_recovery(connection: Connection, user_id: UUID, code: str) -> bool:
    typed = _recovery_hash(code)
    # The row is locked: two requests with one code must not both find it.
    row = _row(connection, user_id, lock=True)
    left = list(row.recovery_hashes or ())
    if row.totp_confirmed_at is None or typed not in left:
        return False
    left.remove(typed)
    connection.execute(update(t.user).where(t.user.c.id == user_id).values(recovery_hashes=left))
    return True


def _recovery_code() -> str:
    # 80 bits: too many to be guessed from a stolen hash, so that a fast hash will do.
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _recovery_hash(code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return secret_hash(plain).hex()


def _wrong() -> WrongCode:
    return WrongCode(
        _("The code is not right, or was used already."),
        hint=_("Wait for the next code of your app and type that one."),
    )
