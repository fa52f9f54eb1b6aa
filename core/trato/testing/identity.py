"""An identity provider for tests: a real OpenID Connect server on loopback that can misbehave."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

CLIENT_ID = "trato"
CLIENT_SECRET = "un secreto/del cliente"  # noqa: S105 - of a provider that lives for one test


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A key of the provider."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def make(cls, kid: str, *, bits: int = 2048) -> SigningKey:
        """Make a key."""
        return cls(kid=kid, private=rsa.generate_private_key(public_exponent=65537, key_size=bits))

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as a JWKS document lists it."""
        made = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {**made, "kid": self.kid, "use": "sig", "alg": "RS256"}

    @property
    def pem(self) -> bytes:
        """The public half as text, which everybody can read."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@dataclass
class _Issued:
    """What belongs to a code until it is redeemed."""

    asked: Mapping[str, str]
    claims: Mapping[str, Any]


@dataclass(eq=False)
class IdentityProvider:
    """Signs in whoever `person` says, at once. It keeps to the protocol until it is told not to.

    >>> with IdentityProvider(clock) as provider:
    ...     provider.person = {"sub": "ana", "email": "ana@acme.example", "name": "Ana"}

    :ivar person: claims about who signs in.
    :ivar changes: claims that the ID token has instead; None takes one away.
    :ivar broken: by place (`discovery`, `keys`, `token`) the status it answers, or seconds that it
        takes first.
    :ivar signs: `RS256`, `none` or `HS256` with the public key for a secret.
    :ivar refuses: error that the person comes back with instead of a code.
    :ivar calls: which places were asked, in order.
    """

    clock: Callable[[], dt.datetime]
    person: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, int | float] = field(default_factory=dict)
    signs: str = "RS256"
    refuses: str | None = None
    names_itself: bool = True
    #: Signs, and stands in the JWKS document.
    key: SigningKey = field(default_factory=lambda: SigningKey.make("first"))
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        #: Signs instead of ``key``, without being in the JWKS document.
        self.forger: SigningKey | None = None
        self._issued: dict[str, _Issued] = {}
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._answer), threaded=True,
            request_handler=_Quiet,
        )  # fmt: skip
        self.issuer = f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> IdentityProvider:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settings(self, **more: Any) -> dict[str, Any]:
        """Give the settings of a company whose provider this is."""
        return {
            "sso_name": "Portal Andino", "sso_issuer": self.issuer, "sso_client_id": CLIENT_ID,
            "sso_on": True, **more,
        }  # fmt: skip

    def visit(self, url: str) -> str:
        """Go to the address where a person signs in; gives the address they are sent back to."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        return answer.headers["Location"]

    def rotate(self) -> None:
        """Sign with another key from now on; the JWKS document has only that one."""
        self.key = SigningKey.make(f"key-{secrets.token_hex(4)}")

    def _answer(self, request: Request) -> Response:
        place = {
            "/.well-known/openid-configuration": "discovery", "/jwks": "keys",
            "/token": "token", "/authorize": "authorize", "/logout": "logout",
        }.get(request.path, "nowhere")  # fmt: skip
        self.calls.append(place)
        fault = self.broken.get(place)
        if isinstance(fault, float):
            time.sleep(fault)
        elif fault is not None:
            return Response("broken", fault)
        found: Response = getattr(self, f"_{place}")(request)
        return found

    def _nowhere(self, request: Request) -> Response:
        return Response(status=404)

    def _discovery(self, request: Request) -> Response:
        return _json({
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/logout",
            "authorization_response_iss_parameter_supported": self.names_itself,
            **self.document,
        })  # fmt: skip

    def _keys(self, request: Request) -> Response:
        return _json({"keys": [self.key.jwk]})

    def _logout(self, request: Request) -> Response:
        return Response("bye")

    def _authorize(self, request: Request) -> Response:
        asked = request.args
        back = {"state": asked["state"]}
        if self.names_itself:
            back["iss"] = self.issuer
        if self.refuses is not None:
            back["error"] = self.refuses
        elif asked["response_type"] != "code" or asked["code_challenge_method"] != "S256":
            back["error"] = "invalid_request"
        else:
            back["code"] = secrets.token_urlsafe(16)
            self._issued[back["code"]] = _Issued(dict(asked), dict(self.person))
        address = asked["redirect_uri"]
        return Response(status=302, headers={"Location": f"{address}?{urlencode(back)}"})

    def _token(self, request: Request) -> Response:
        form = request.form
        basic = request.authorization
        known = basic is not None and basic.type == "basic" and (
            unquote_plus(basic.username or ""), unquote_plus(basic.password or "")
        ) == (CLIENT_ID, CLIENT_SECRET)  # fmt: skip
        known = known or form.get("client_secret") == CLIENT_SECRET
        if not known:
            return _json({"error": "invalid_client"}, 401)
        # Once only: a code that is redeemed again is refused.
        issued = self._issued.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            issued is None or issued.asked["redirect_uri"] != form.get("redirect_uri")
            or issued.asked["code_challenge"] != challenge
            or form.get("client_id") != issued.asked["client_id"]
        ):  # fmt: skip
            return _json({"error": "invalid_grant"}, 400)
        return _json({"token_type": "Bearer", "access_token": "-", "id_token": self._sign(issued)})

    def _sign(self, issued: _Issued) -> str:
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer, "aud": issued.asked["client_id"], "iat": now, "exp": now + 300,
            "nonce": issued.asked["nonce"], **issued.claims, **self.changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.forger or self.key
        if self.signs == "RS256":
            return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": self.key.kid})
        head = _part({"alg": self.signs, "typ": "JWT", "kid": self.key.kid})
        signed = f"{head}.{_part(claims)}"
        if self.signs == "none":
            return f"{signed}."
        mark = hmac.new(key.pem, signed.encode(), "sha256").digest()
        return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


class _Quiet(WSGIRequestHandler):
    """Tells of no request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def query_of(address: str) -> dict[str, str]:
    """Read the query of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def _part(data: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def _json(data: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(data), status, mimetype="application/json")
