"""A company's identity provider: what it says of itself, its keys, and the exchange of a code."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from trato.configuration.sealed import read_secret
from trato.errors import ConfigError, Message, TratoError
from trato.host import Host
from trato.sso import token
from trato.sso.errors import BadIdentity, ProviderAway, ProviderRefused
from trato.sync.errors import SyncError
from trato.sync.http import Answer, Http
from trato.tenancy.sign_in import Policy, policy
from trato.tenancy.view import TenantView
from trato.text import _

log = logging.getLogger("trato.sso")

#: How long what the provider says of itself, and its keys, are taken as known.
KEPT = dt.timedelta(hours=1)
#: New keys are asked for at most so often: whoever sends tokens with invented keys must not make
#: Trato knock at the provider each time.
KEYS_EVERY = dt.timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 4.2)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    #: Whether the client's secret goes in the form, for a provider that takes it no other way.
    posts_secret: bool
    #: Whether its answers always name it (RFC 9207).
    names_itself: bool


@dataclass(kw_only=True)
class _Known:
    """What was learnt of a provider, kept with the version of the company's configuration."""

    metadata: Metadata | None = None
    metadata_at: dt.datetime | None = None
    keys: list[Mapping[str, Any]] = field(default_factory=list)
    keys_at: dt.datetime | None = None


class Provider:
    """Speaks with a company's identity provider. Every call is outside transactions."""

    def __init__(
        self, rules: Policy, *, http: Http, clock: Callable[[], dt.datetime], secret: str | None,
        known: _Known,
    ) -> None:  # fmt: skip
        self.rules = rules
        self._http = http
        self._clock = clock
        self._secret = secret
        self._known = known

    def metadata(self) -> Metadata:
        """Read what the provider says of itself, at most once an hour.

        :raises ProviderAway: when it does not answer, or says something else.
        """
        known, now = self._known, self._clock()
        if known.metadata is None or known.metadata_at is None or now - known.metadata_at > KEPT:
            known.metadata, known.metadata_at = self._discover(), now
        return known.metadata

    def authorization_url(
        self, *, redirect_uri: str, state: str, nonce: str, challenge: str
    ) -> str:
        """Write the address at which the person signs in.

        :param challenge: SHA-256 of the code's verifier (RFC 7636, S256).
        """
        endpoint = self.metadata().authorization_endpoint
        asked = urlencode(
            {
                "response_type": "code", "client_id": self.rules.client_id,
                "redirect_uri": redirect_uri, "scope": self.rules.scopes, "state": state,
                "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
            }
        )  # fmt: skip
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{asked}"

    def leave_url(self, *, back: str) -> str | None:
        """Write the address at which the person signs out of the provider; None: it has none."""
        endpoint = self.metadata().end_session_endpoint
        if endpoint is None:
            return None
        asked = urlencode({"client_id": self.rules.client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{asked}"

    def redeem(self, code: str, *, verifier: str, redirect_uri: str) -> str:
        """Exchange a code for the ID token.

        :raises ProviderRefused: when it accepts the code or Trato itself no more.
        """
        metadata = self.metadata()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "client_id": self.rules.client_id, "code_verifier": verifier,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self._secret and metadata.posts_secret:
            form["client_secret"] = self._secret
        elif self._secret:
            pair = f"{quote_plus(self.rules.client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = self._call(
            "POST", metadata.token_endpoint, data=urlencode(form).encode(), headers=headers
        )
        body = _object(answer)
        if answer.status in (400, 401, 403):
            self._refuse(body, answer.status)
        id_token = body.get("id_token")
        if answer.status != 200 or not isinstance(id_token, str):
            raise self._away(Message(_("its answer to the code has no ID token (HTTP {status})."),
                                     {"status": answer.status}))  # fmt: skip
        return id_token

    def identify(self, id_token: str, *, nonce: str) -> Mapping[str, Any]:
        """Check an ID token and give its claims; new keys of the provider are fetched once.

        :raises BadIdentity: when it proves nothing.
        """
        expected = token.Expected(
            issuer=self.rules.issuer, client_id=self.rules.client_id, nonce=nonce,
            now=self._clock(),
        )  # fmt: skip
        try:
            return token.read(id_token, self._keys(), expected)
        except token.UnknownKey:
            pass
        try:
            return token.read(id_token, self._keys(anew=True), expected)
        except token.UnknownKey as error:
            raise BadIdentity(
                _("What the provider sent is signed with a key that is not the provider's."),
                hint=_("Try again. If it goes on, show this to the administrator of your "
                       "company."),
            ) from error  # fmt: skip

    def try_out(self) -> int:
        """Ask the provider for what it says of itself and for its keys, without what is known.

        :return: how many keys for signing it has.
        :raises ProviderAway: when something is missing.
        """
        self._known.metadata_at = self._known.keys_at = None
        self.metadata()
        keys = [key for key in self._keys() if key.get("use", "sig") == "sig"]
        if not keys:
            raise self._away(Message(_("it shows no key for signing.")))
        return len(keys)

    def _keys(self, *, anew: bool = False) -> list[Mapping[str, Any]]:
        known, now = self._known, self._clock()
        age = None if known.keys_at is None else now - known.keys_at
        if age is None or age > KEPT or (anew and age >= KEYS_EVERY):
            answer = self._call("GET", self.metadata().jwks_uri)
            found = _object(answer).get("keys")
            if answer.status != 200 or not isinstance(found, list):
                raise self._away(Message(_("its keys cannot be read (HTTP {status})."),
                                         {"status": answer.status}))  # fmt: skip
            known.keys, known.keys_at = [key for key in found if isinstance(key, dict)], now
        return known.keys

    def _discover(self) -> Metadata:
        issuer = self.rules.issuer
        answer = self._call("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        body = _object(answer)
        if answer.status != 200:
            raise self._away(Message(_("at {address} it does not say how to sign in (HTTP "
                                       "{status})."), {"address": issuer, "status": answer.status})
                             )  # fmt: skip
        if body.get("issuer") != issuer:
            # Or one provider could speak for another.
            raise self._away(
                Message(
                    _("it calls itself '{found}', and '{wanted}' is set."),
                    {"found": str(body.get("issuer"))[:200], "wanted": issuer},
                )
            )
        endpoints = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            endpoints[name] = self._endpoint(body.get(name), name)
        leave = body.get("end_session_endpoint")
        methods = body.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            **endpoints,
            end_session_endpoint=None if leave is None
            else self._endpoint(leave, "end_session_endpoint"),
            posts_secret="client_secret_basic" not in methods and "client_secret_post" in methods,
            names_itself=body.get("authorization_response_iss_parameter_supported") is True,
        )  # fmt: skip

    def _endpoint(self, address: Any, name: str) -> str:
        """Take an address of the provider if it may be called, or browsers may be sent there."""
        wrong = Message(_("it names no usable address as {name}."), {"name": name})
        if not isinstance(address, str) or len(address) > 2000 or not address.isprintable():
            raise self._away(wrong)
        try:
            self._http.check(address)
        except ConfigError as error:
            raise self._away(wrong) from error
        return address

    def _call(self, method: str, url: str, **options: Any) -> Answer:
        try:
            answer = self._http.call(method, url, **options)
        except SyncError as error:
            raise self._away(error.message) from error
        except ConfigError as error:
            # Where it is must not be told to whoever stands at the door.
            log.warning("identity provider not called: %s", error)
            raise ProviderAway(
                _("Nobody can sign in through {name} now: its address may not be called from "
                  "here."),
                hint=_("Tell the administrator of your company; whoever runs Trato sets "
                       "TRATO_PRIVATE_HOSTS."),
                name=self.rules.name, code="provider_address",
            ) from error  # fmt: skip
        if answer.status >= 500 or answer.status in (408, 425, 429):
            raise self._away(Message(_("it failed (HTTP {status})."), {"status": answer.status}))
        return answer

    def _away(self, reason: Message) -> ProviderAway:
        log.warning("identity provider away issuer=%s: %s", self.rules.issuer, reason)
        return ProviderAway(
            _("Nobody can sign in through {name} now: {reason}"),
            hint=_("Try again in some minutes. If it goes on, tell the administrator of your "
                   "company."),
            name=self.rules.name, reason=reason,
        )  # fmt: skip

    def _refuse(self, body: Mapping[str, Any], status: int) -> None:
        said = str(body.get("error") or status)[:60]
        log.warning("identity provider refused the code: %s", said)
        if said == "invalid_grant":
            raise ProviderRefused(
                _("{name} does not accept this sign-in: its code was used already or is too old."),
                hint=_("Sign in again."), name=self.rules.name,
            )  # fmt: skip
        raise ProviderRefused(
            _("{name} does not accept Trato itself ({said})."),
            hint=_("The administrator of your company checks client ID, client secret and the "
                   "return address there."),
            name=self.rules.name, said=said, code="client_refused",
        )  # fmt: skip


def provider_of(host: Host, view: TenantView) -> Provider:
    """Make what speaks with a company's provider.

    What was learnt of it is kept with the version of the company's configuration, so a change of
    the configuration forgets it.
    """
    known = view.cache.setdefault("identity provider", _Known())
    return Provider(
        policy(view), clock=host.clock, known=known,
        http=Http(private_hosts=host.settings.private_hosts, seconds=host.settings.sso_seconds),
        secret=read_secret(host, view, "core", "sso_client_secret"),
    )  # fmt: skip


def _object(answer: Answer) -> Mapping[str, Any]:
    """Read an answer's JSON object; what is none reads as empty."""
    try:
        body = answer.json()
    except TratoError:
        return {}
    return body if isinstance(body, dict) else {}
