"""Own the job titles under which each line of business decides, buys, pays and receives."""

from __future__ import annotations

from dataclasses import dataclass

#: (Man's title, woman's title).
Title = tuple[str, str]


def _titles(text: str) -> tuple[Title, ...]:
    """Read "Jefe de compras/Jefa de compras|Gerente": one form serves both where it is alone."""
    pairs = (title.split("/") for title in text.split("|"))
    return tuple((forms[0], forms[-1]) for forms in pairs)


@dataclass(frozen=True, slots=True)
class Staff:
    """Hold the titles by what their holders do, and how many people there may be."""

    decides: tuple[Title, ...] = _titles(
        "Gerente general|Gerente|Gerente administrativo/Gerente administrativa"
        "|Director financiero/Directora financiera|Representante legal|Subgerente"
    )
    buys: tuple[Title, ...] = _titles(
        "Jefe de compras/Jefa de compras|Coordinador de compras/Coordinadora de compras"
        "|Analista de compras|Auxiliar de compras"
        "|Director de abastecimiento/Directora de abastecimiento"
    )
    pays: tuple[Title, ...] = _titles(
        "Tesorero/Tesorera|Auxiliar contable|Coordinador de tesorería/Coordinadora de tesorería"
        "|Contador/Contadora|Analista de cuentas por pagar"
    )
    receives: tuple[Title, ...] = _titles(
        "Jefe de bodega/Jefa de bodega|Almacenista|Auxiliar de bodega"
        "|Coordinador de logística/Coordinadora de logística"
    )
    most: int = 4


RUNS_SHOP = _titles(
    "Administrador del punto/Administradora del punto|Encargado del local/Encargada del local"
    "|Vendedor de mostrador/Vendedora de mostrador"
)
(ACCOUNTANT,) = _titles("Contador externo/Contadora externa")
(GROUP_TREASURER,) = _titles("Director de tesorería del grupo/Directora de tesorería del grupo")

_USUAL = Staff()
_SMALL = Staff(
    decides=_titles("Gerente|Administrador/Administradora|Propietario/Propietaria"),
    buys=_titles(
        "Encargado de compras/Encargada de compras|Administrador del punto/Administradora del punto"
    ),
    pays=_titles("Auxiliar contable|Auxiliar administrativo/Auxiliar administrativa"),
    receives=RUNS_SHOP,
    most=2,
)
# Category, or its parent where the leaves are alike.
_STAFF = {
    "Canal tradicional": _SMALL,
    "Canal digital": _SMALL,
    "Institucional > Constructora": Staff(
        decides=_titles("Director de obra/Directora de obra|Gerente de proyectos"),
        receives=_titles("Almacenista de obra|Ingeniero residente/Ingeniera residente"),
    ),
    "Institucional > Hotelería y restaurantes": Staff(
        decides=_titles("Gerente|Administrador/Administradora|Gerente de operaciones"),
        buys=_titles(
            "Jefe de compras/Jefa de compras|Jefe de cocina/Jefa de cocina"
            "|Jefe de alimentos y bebidas/Jefa de alimentos y bebidas"
        ),
    ),
    "Institucional > Educación": Staff(
        decides=_titles("Rector/Rectora|Director administrativo/Directora administrativa"),
        buys=_titles("Coordinador administrativo/Coordinadora administrativa|Auxiliar de compras"),
        receives=_titles("Almacenista|Auxiliar de servicios generales"),
        most=3,
    ),
    "Institucional > Salud": Staff(
        decides=_titles("Director médico/Directora médica|Gerente"),
        receives=_titles("Regente de farmacia|Almacenista"),
        most=3,
    ),
    "Institucional > Propiedad horizontal": Staff(
        decides=_titles(
            "Administrador de la copropiedad/Administradora de la copropiedad"
            "|Presidente del consejo/Presidenta del consejo"
        ),
        buys=_titles("Asistente de administración"),
        pays=_titles("Contador de la copropiedad/Contadora de la copropiedad"),
        most=2,
    ),
    "Institucional > Agro": Staff(
        buys=_titles("Jefe de compras/Jefa de compras|Jefe de producción/Jefa de producción"),
        receives=_titles("Administrador de finca/Administradora de finca|Almacenista"),
    ),
    "Prescriptor": Staff(
        decides=_titles("Socio director/Socia directora|Gerente de proyectos"),
        buys=_titles("Coordinador de proyectos/Coordinadora de proyectos"),
        most=2,
    ),
    "Proveedor": Staff(
        decides=_titles("Asesor comercial/Asesora comercial|Gerente comercial"),
        buys=_titles("Coordinador de despachos/Coordinadora de despachos"),
        pays=_titles("Analista de cartera"),
        most=2,
    ),
}


def staff_of(category: str) -> Staff:
    """Return who works at a client of ``category`` (its key)."""
    return _STAFF.get(category) or _STAFF.get(category.split(" > ", 1)[0]) or _USUAL
