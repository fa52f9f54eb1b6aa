"""What can go wrong between a person, a company and its identity provider."""

from __future__ import annotations

from trato.errors import DomainError, TratoError


class ProviderAway(TratoError):
    """The provider could not be reached, or gave no usable answer; another time may be better."""

    code = "provider_away"
    status = 503


class ProviderRefused(DomainError):
    """The provider let nobody in, or does not accept what Trato sends."""

    code = "provider_refused"
    status = 403


class BadIdentity(DomainError):
    """What the provider sent does not prove who signs in."""

    code = "bad_identity"
    status = 403


class NotLetIn(DomainError):
    """The provider knows the person, and the company does not let them in."""

    code = "not_let_in"
    status = 403


class BadFlow(DomainError):
    """A sign-in that this browser did not begin, or that is too old, or was used."""

    code = "bad_sign_in"
    status = 400
