"""The people and teams of the demo companies. Everybody and everything is invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who signs in to the demo."""

    email: str
    name: str
    role: str
    team: str | None = None


@dataclass(frozen=True)
class DemoCompany:
    """A tenant of the demo."""

    slug: str
    name: str
    configuration: str
    people: tuple[Person, ...]


_MANUFACTURER_TEAMS = """
teams:
  centro: {name: Bogotá y centro}
  occidente: {name: Antioquia y occidente}
  costa: {name: Costa y oriente}
"""

#: Has every installed plugin.
COMPANY = DemoCompany(
    slug="demo",
    name="Comercial Guadual S.A.S.",
    configuration=_MANUFACTURER_TEAMS,
    people=(
        Person("carolina@guadual.example", "Carolina Restrepo", "admin"),
        Person("hernan@guadual.example", "Hernán Cárdenas", "manager"),
        Person("yolanda@guadual.example", "Yolanda Pinzón", "seller", "centro"),
        Person("fabian@guadual.example", "Fabián Rojas", "seller", "centro"),
        Person("marcela@guadual.example", "Marcela Ospina", "seller", "occidente"),
        Person("jhon@guadual.example", "Jhon Jairo Valencia", "seller", "occidente"),
        Person("leidy@guadual.example", "Leidy Cantillo", "seller", "costa"),
        Person("oscar@guadual.example", "Óscar Mantilla", "seller", "costa"),
        Person("gloria@guadual.example", "Gloria Bermúdez", "viewer"),
    ),
)

#: Has a licence for less, and the same administrator: one person may work in several companies.
SMALL_COMPANY = DemoCompany(
    slug="faro",
    name="Ferretería Faro Sur",
    configuration="teams: {ventas: {name: Ventas}}",
    people=(
        Person("carolina@guadual.example", "Carolina Restrepo", "admin"),
        Person("nelson@faro.example", "Nelson Quiñones", "seller", "ventas"),
    ),
)
