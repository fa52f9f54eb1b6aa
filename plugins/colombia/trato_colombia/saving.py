"""What Colombia makes of a third party when it is saved.

Identification: the type is the one given, else the one that the free text names, else a guess
where there is no doubt; without a type nothing is touched. The number is kept without dots and
without its check digit. A NIT whose check digit is wrong is refused, and so is any other number
that a Colombian document cannot have; documents of other countries are taken as they are.

Phones: Colombian numbers that exist are kept in E.164, all others as typed.

Place: a municipality fills an empty city and region; a city and region that mean exactly one
municipality fill in that one.
"""

from __future__ import annotations

from trato.api import Change, Unit, hookimpl
from trato_clients.api import Client
from trato_colombia import completing
from trato_colombia.identification import Level, check_identification
from trato_colombia.identification_types import TYPES, Holder, IdentificationType, find_type
from trato_colombia.municipalities import Divipola, fold
from trato_colombia.municipality_list import divipola
from trato_colombia.phones import tidy_phone
from trato_colombia.recognition import guess_type

_NUMBER = "identification"
#: Free text of `clients`, beside the type of ours.
_FREE_TYPE = "identification_type"
_TYPE = "colombia.identification_type"
_CHECK_DIGIT = "colombia.check_digit"
_MUNICIPALITY = "colombia.municipality"

_TYPES = {kind.key: kind for kind in TYPES}
_HERE = frozenset({"colombia", "co", "col", "republica de colombia"})


@hookimpl
def trato_tenant_enabled(unit: Unit) -> None:
    """Complete the third parties of a company that had some before."""
    completing.begin(unit)


@hookimpl
def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
    """Put identification, phones and place of third parties right."""
    if changes[0].entity.name != Client.__entity__.name:
        return
    for change in changes:
        if change.action in ("create", "update"):
            identify(change)
            for path in ("phone", "mobile"):
                if change.touches(path) and change[path] is not None:
                    change.set(path, tidy_phone(change[path]))
            if change.touches(_MUNICIPALITY, "city", "region"):
                locate(change, divipola(unit))


def identify(change: Change) -> None:
    """Derive type, number and check digit, or refuse the number."""
    unknown = change[_TYPE] is None and change[_FREE_TYPE] is None
    if not (change.touches(_NUMBER, _TYPE, _FREE_TYPE) or (unknown and change.touches("kind"))):
        return
    kind = _type_of(change)
    if kind is None:
        _set(change, _CHECK_DIGIT, None)
        return
    _set(change, _TYPE, kind.key)
    free = change[_FREE_TYPE]
    if free is None or find_type(free) not in (None, kind):
        change.set(_FREE_TYPE, kind.abbreviation)
    number = change[_NUMBER]
    if number is None:
        _set(change, _CHECK_DIGIT, None)
        return
    # A number that is kept already has no check digit in it.
    apart = "" if change.touches(_NUMBER) else change.before.get(_CHECK_DIGIT) or ""
    verdict = check_identification(kind, number, check_digit=apart)
    if verdict.level is Level.ERROR and verdict.message is not None:
        change.refuse(_NUMBER, verdict.message.text, **verdict.message.params)
        return
    change.set(_NUMBER, verdict.number)
    _set(change, _CHECK_DIGIT, verdict.check_digit or None)


def _type_of(change: Change) -> IdentificationType | None:
    given, free = change[_TYPE], change[_FREE_TYPE]
    if change.touches(_TYPE):
        return _TYPES.get(given or "")
    if change.touches(_FREE_TYPE) and free is not None and (found := find_type(free)):
        return found
    if given is not None:
        return _TYPES.get(given)
    if free is not None:
        return find_type(free)
    number = change[_NUMBER]
    return None if number is None else guess_type(Holder(change["kind"]), number)


def locate(change: Change, known: Divipola) -> None:
    """Keep the municipality and the written city and region together."""
    country = change["country"]
    if country is not None and fold(country) not in _HERE:
        return
    if change.touches(_MUNICIPALITY):
        chosen = known.get(change[_MUNICIPALITY] or "")
        if chosen is None:
            return
        # A retired code stands for the one that has taken its place.
        change.set(_MUNICIPALITY, chosen.code)
        was = change.before.get(_MUNICIPALITY)
        city, region = change["city"], change["region"]
        written = known.resolve(city or "", region or "")
        follows = written is not None and written.code == was and not change.touches("city")
        if city is None or follows:
            change.set("city", chosen.name)
            if region is None or follows:
                change.set("region", chosen.department.name)
    else:
        meant = known.resolve(change["city"] or "", change["region"] or "")
        if meant is not None:
            change.set(_MUNICIPALITY, meant.code)


def _set(change: Change, path: str, value: str | None) -> None:
    """Set a field of ours, unless it is empty and stays so."""
    if change[path] != value:
        change.set(path, value)
