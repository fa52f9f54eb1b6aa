"""Own identification numbers, telephones and e-mail addresses that belong to nobody.

Domains end in ``.example`` (RFC 2606). Colombia reserves no telephone numbers for fiction, so all
of them carry the 555 that films use. Numbers are permutations of the key: no two clients share one
within the stated capacity.
"""

from __future__ import annotations

import random

#: Clients that can be told apart by their identification.
CAPACITY = 1_000_000

_NIT_FIRST, _NIT_COUNT = 907_000_000, 3_000_000  # the registry is far below: 901 in 2026
_ID_FIRST, _ID_COUNT = 1_000_000_000, 1_000_000
_MOBILE_CLIENTS = ("300", "301", "304", "310", "311", "312", "313", "314", "320", "321")
_MOBILE_CONTACTS = ("302", "305", "315", "316", "317", "318", "319", "322", "323", "350")
_BLOCK = 10_000

_PLAIN = str.maketrans("áéíóúüñÁÉÍÓÚÜÑ", "aeiouunAEIOUUN")
_SMALL_WORDS = frozenset({"el", "la", "los", "las", "de", "del", "y", "e", "en", "&"})
_MAILBOXES = ("correo.example", "buzon.example", "mensajes.example")
_DEPARTMENTS = ("compras", "contabilidad", "facturacion", "gerencia", "administracion", "info")


def nit(key: int) -> str:
    """Return the NIT of the company ``key``: nine digits without the check digit."""
    return str(_NIT_FIRST + key * 1_618_033 % _NIT_COUNT)


def cedula(key: int) -> str:
    """Return the cédula of the person ``key``: ten digits."""
    return str(_ID_FIRST + (key * 618_033 + 12_347) % _ID_COUNT)


def landline(key: int, area_code: str) -> str:
    """Return a landline in E.164, unique within an area for 10,000 keys."""
    return f"+57{area_code}555{key * 7_919 % _BLOCK:04d}"


def client_mobile(key: int) -> str:
    """Return a mobile in E.164, unique for 100,000 keys."""
    return _mobile(_MOBILE_CLIENTS, key)


def contact_mobile(number: int) -> str:
    """Return a mobile in E.164, unique for 100,000 numbers and apart from the clients'."""
    return _mobile(_MOBILE_CONTACTS, number)


def _mobile(prefixes: tuple[str, ...], number: int) -> str:
    spread = number * 61_803 % (_BLOCK * len(prefixes))
    return f"+57{prefixes[spread // _BLOCK]}555{spread % _BLOCK:04d}"


def slug(text: str) -> str:
    """Return the letters and digits of ``text`` without accents, articles and prepositions."""
    words = text.translate(_PLAIN).lower().split()
    joined = "".join(word for word in words if word not in _SMALL_WORDS)
    return "".join(letter for letter in joined if letter.isalnum())


def domain(head: str, core: str) -> str:
    """Return the domain of a company, short enough to be typed."""
    body = slug(core)
    first = slug(head.split(" ", 1)[0])
    if not body.startswith(first):
        body = (first if len(first) + len(body) <= 26 else first[:6]) + body
    return f"{body}.example"


def company_email(rng: random.Random, host: str) -> str:
    """Draw the address that a company gives its suppliers."""
    return f"{rng.choice(_DEPARTMENTS)}@{host}"


def personal_email(rng: random.Random, given_names: str, surnames: str) -> str:
    """Draw a private address, with the two digits that everybody needs."""
    first, last = slug(given_names.split(" ", 1)[0]), slug(surnames.split(" ", 1)[0])
    both = slug(given_names)
    digits = f"{rng.randint(0, 99):02d}"
    local = rng.choice(
        (f"{first}.{last}{digits}", f"{both}{last[:1]}{digits}", f"{last}{both}{digits}")
    )
    return f"{local}@{rng.choice(_MAILBOXES)}"


def work_email(given_names: str, surnames: str, host: str) -> str:
    """Return the address of somebody who works at ``host``."""
    return f"{slug(given_names.split(' ', 1)[0])}.{slug(surnames.split(' ', 1)[0])}@{host}"


def host_of(email: str | None) -> str | None:
    """Return the domain behind an address, None for a private mailbox or no address."""
    host = email.rpartition("@")[2] if email else ""
    return None if not host or host in _MAILBOXES else host
