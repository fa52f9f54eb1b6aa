"""Own the lines of business of the portfolio: activity, weight, words of the name, categories.

A sector is what keeps a record true to itself: a droguería has its CIIU code, its kind of street,
its visiting day and its regente de farmacia.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .draws import Weighted
from .streets import Use

Trait = Literal[
    "works",  # buys for building sites
    "season",  # stationery and schools
    "farm",
    "food",
    "health",
    "lodging",
    "board",  # decides in a council
    "transport",
    "security",
    "design",  # architects and engineers: they prescribe
    "play",  # kindergarten names
    "school",
    "online",
    "workshop",
]
Legal = Literal["common", "limited", "none"]

MAYORISTA = "Mayorista"
TRADICIONAL = "Canal tradicional"
MODERNO = "Canal moderno"
INSTITUCIONAL = "Institucional"
DIGITAL = "Canal digital"
PRESCRIPTOR = "Prescriptor"
PROVEEDOR = "Proveedor"


@dataclass(frozen=True, slots=True)
class Sector:
    """Describe one line of business."""

    #: CIIU Rev. 4 A.C. class.
    code: str
    weight: float
    #: Keys of categories, drawn by weight.
    categories: Weighted[str]
    #: First words of a company's name.
    heads: tuple[str, ...]
    #: First words of a shop's sign; empty where persons do not trade under one.
    shops: tuple[str, ...]
    #: Share of natural persons.
    persons: float
    use: Use
    #: Pool of shop names; see ``fantasy.shop_fantasy``.
    flavour: str
    traits: frozenset[str]
    legal: Legal

    @property
    def is_gentle(self) -> bool:
        """Return whether its companies are named after flowers and orchards too."""
        return not (self.code in _HARDY or self.traits & {"works", "transport", "security"})


_HARDY = frozenset(
    {"1811", "2023", "2229", "2511", "3110", "4520", "4530", "4541", "4632", "4659", "4663", "4664",
     "4669", "4690", "4752", "6202", "7111", "7112", "8121", "4645", "4773", "8621", "8622"}
)  # fmt: skip


def _sector(
    code: str, weight: float, category: str, heads: str, *, shops: str = "", persons: float = 0.0,
    use: Use = "s", flavour: str = "", traits: tuple[Trait, ...] = (), legal: Legal = "common",
) -> Sector:  # fmt: skip
    parent, _, leaves = category.partition(" > ")
    pairs: Iterator[tuple[str, float]] = (
        (f"{parent} > {name}", float(share or 1))
        for name, _, share in (leaf.partition(":") for leaf in leaves.split("|"))
    )
    return Sector(
        code, weight, Weighted(pairs), tuple(heads.split("|")),
        tuple(shops.split("|")) if shops else (), persons, use, flavour, frozenset(traits), legal,
    )  # fmt: skip


_A_B_C = f"{MAYORISTA} > Mayorista A:2|Mayorista B:4|Mayorista C:5"

SECTORS: tuple[Sector, ...] = (
    # Wholesale.
    _sector("4631", 5, _A_B_C, "Distribuciones|Distribuidora|Comercializadora|Abastos|Alimentos",
            use="i", traits=("food",)),
    _sector("4632", 2, _A_B_C, "Distribuidora de Bebidas|Licores|Distribuciones", use="i"),
    _sector("4645", 2, _A_B_C, "Depósito de Drogas|Distribuidora Farmacéutica|Cosméticos"
            "|Suministros Hospitalarios", use="i", traits=("health",)),
    _sector("4663", 4, _A_B_C, "Materiales|Depósito de Materiales|Hierros y Perfiles|Aceros"
            "|Eléctricos e Iluminación|Cerámicas y Acabados", use="i"),
    _sector("4659", 2.5, _A_B_C, "Suministros Industriales|Herramientas y Equipos|Maquinaria",
            use="i"),
    _sector("4664", 2, _A_B_C, "Agroinsumos|Insumos Químicos|Químicos|Agroquímicos", use="i",
            traits=("farm",)),
    _sector("4669", 3, _A_B_C, "Empaques|Dotaciones|Distribuciones|Suministros", use="i"),
    _sector("4690", 4, _A_B_C, "Comercializadora|Distribuciones|Comercial|Importaciones"
            "|Representaciones", use="i"),
    _sector("4642", 1.5, _A_B_C, "Uniformes y Dotaciones|Dotaciones|Textiles", use="i"),
    # Neighbourhood trade.
    _sector("4711", 10, f"{TRADICIONAL} > Tienda:6|Minimercado:4",
            "Mercados|Autoservicios|Víveres", persons=0.93,
            shops="Tienda|Minimercado|Autoservicio|Granero|Tienda y Cigarrería|Rapitienda|Víveres"),
    _sector("4711", 4.5, f"{MODERNO} > Autoservicio:6|Cadena regional:3",
            "Supermercados|Autoservicios|Mercados|Supermercado", persons=0.15,
            shops="Supermercado|Autoservicio", traits=("food",)),
    _sector("4773", 5.5, f"{TRADICIONAL} > Droguería", "Droguerías|Drogas|Farmacias", persons=0.68,
            shops="Droguería|Farmacia|Droguería y Perfumería", flavour="health",
            traits=("health",)),
    _sector("4773", 0.9, f"{MODERNO} > Droguería en cadena", "Droguerías|Farmacias",
            traits=("health",)),
    _sector("4752", 7, f"{TRADICIONAL} > Ferretería", "Ferretería|Ferretería y Materiales"
            "|Pinturas|Ferreléctricos|Vidrios y Aluminios", persons=0.5,
            shops="Ferretería|Ferreléctricos|Ferretería y Pinturas|Depósito y Ferretería",
            flavour="tools"),
    _sector("4761", 3.5, f"{TRADICIONAL} > Papelería y miscelánea", "Papelería|Librería y Papelería"
            "|Útiles y Papeles", persons=0.62,
            shops="Papelería|Papelería y Miscelánea|Miscelánea|Cacharrería y Papelería",
            traits=("season",)),
    _sector("4774", 2.5, f"{TRADICIONAL} > Agropecuaria y veterinaria", "Agropecuaria"
            "|Almacén Agropecuario|Agroveterinaria", persons=0.5,
            shops="Agropecuaria|Almacén Agropecuario|Agroveterinaria", traits=("farm",)),
    _sector("4774", 1.5, f"{TRADICIONAL} > Desechables y aseo", "Desechables"
            "|Plásticos y Desechables|Aseo y Desechables", persons=0.6,
            shops="Desechables|Plásticos y Desechables|Aseo y Hogar"),
    _sector("4530", 3.5, f"{TRADICIONAL} > Repuestos y talleres", "Autopartes|Repuestos"
            "|Lubricantes y Repuestos|Rodamientos y Repuestos", persons=0.3,
            shops="Repuestos|Autopartes|Lubricantes y Repuestos", traits=("workshop",)),
    _sector("4520", 2, f"{TRADICIONAL} > Repuestos y talleres", "Centro de Servicio Automotriz"
            "|Serviteca|Talleres", persons=0.6, shops="Taller|Serviteca|Centro Automotriz",
            traits=("workshop",)),
    _sector("4541", 1.5, f"{TRADICIONAL} > Repuestos y talleres", "Motorrepuestos"
            "|Motos y Repuestos", persons=0.5, shops="Motorrepuestos|Motos y Repuestos",
            traits=("workshop",)),
    _sector("4771", 2, f"{TRADICIONAL} > Almacén", "Almacenes|Variedades|Creaciones", persons=0.6,
            shops="Almacén|Variedades|Creaciones"),
    _sector("4772", 1.2, f"{TRADICIONAL} > Almacén", "Calzado|Calzado y Marroquinería", persons=0.5,
            shops="Calzado|Almacén de Calzado"),
    _sector("4754", 1.5, f"{MODERNO} > Muebles y electrodomésticos", "Muebles|Electrodomésticos"
            "|Almacenes|Muebles y Electrodomésticos", persons=0.2,
            shops="Muebles|Almacén y Mueblería"),
    _sector("4723", 2, f"{TRADICIONAL} > Carnes y salsamentaria", "Carnes|Distribuidora de Carnes"
            "|Salsamentaria", persons=0.6,
            shops="Carnes|Carnes y Salsamentaria|Distribuidora Avícola", traits=("food",)),
    _sector("4721", 1.5, f"{TRADICIONAL} > Fruver", "Frutas y Verduras|Fruver|Mercados Campesinos",
            persons=0.6, shops="Fruver|Frutas y Verduras", traits=("food",)),
    _sector("4791", 2, f"{DIGITAL} > Tienda en línea:7|Vendedor en plataforma:3",
            "Comercio en Línea|Soluciones Comerciales|Compras en Línea",
            persons=0.35, shops="Detalles|Accesorios|Moda y Accesorios|Hogar y Detalles", use="o",
            flavour="gifts", traits=("online",)),
    # Industry.
    _sector("1040", 1.6, f"{INSTITUCIONAL} > Industria", "Lácteos|Quesos|Derivados Lácteos",
            use="i", traits=("food",)),
    _sector("1081", 3.5, f"{TRADICIONAL} > Panadería", "Panificadora|Panadería y Pastelería"
            "|Pastelería", persons=0.55, shops="Panadería|Panadería y Cafetería"
            "|Panadería y Pastelería", flavour="bakery", traits=("food",)),
    _sector("1011", 1.4, f"{INSTITUCIONAL} > Industria", "Cárnicos|Embutidos|Procesadora de Carnes",
            use="i", traits=("food",)),
    _sector("1062", 1, f"{INSTITUCIONAL} > Industria", "Cafés|Tostadora de Café|Café", use="i",
            traits=("food",)),
    _sector("1410", 3, f"{INSTITUCIONAL} > Industria", "Confecciones|Industrias Textiles"
            "|Manufacturas|Creaciones", persons=0.12, use="i"),
    _sector("1521", 1.2, f"{INSTITUCIONAL} > Industria", "Manufacturas de Calzado|Cueros|Calzado",
            persons=0.15, use="i"),
    _sector("2229", 1.8, f"{INSTITUCIONAL} > Industria", "Plásticos|Industrias Plásticas"
            "|Empaques Plásticos", use="i"),
    _sector("2511", 1.8, f"{INSTITUCIONAL} > Industria", "Metalmecánica|Estructuras Metálicas"
            "|Industrias Metálicas", persons=0.1, use="i"),
    _sector("3110", 1.4, f"{INSTITUCIONAL} > Industria", "Maderas|Maderas y Muebles"
            "|Muebles para Oficina", persons=0.15, use="i"),
    _sector("2023", 1.3, f"{INSTITUCIONAL} > Industria", "Productos de Aseo|Químicos y Aseo"
            "|Jabones", use="i"),
    _sector("1811", 1.6, f"{INSTITUCIONAL} > Industria", "Litografía|Impresos|Artes Gráficas",
            persons=0.15, use="i"),
    _sector("0125", 1.4, f"{INSTITUCIONAL} > Agro", "Flores|Cultivos|Agrícola", use="r",
            traits=("farm",)),
    _sector("0145", 1.2, f"{INSTITUCIONAL} > Agro", "Avícola|Granja Avícola|Incubadora", use="r",
            traits=("farm",)),
    # Building.
    _sector("4111", 3.2, f"{INSTITUCIONAL} > Constructora", "Constructora|Construcciones"
            "|Proyectos y Construcciones|Edificaciones", use="o", traits=("works",)),
    _sector("4290", 2, f"{INSTITUCIONAL} > Constructora", "Ingeniería y Construcciones"
            "|Obras Civiles|Ingenieros Contratistas", use="o", traits=("works",)),
    _sector("4321", 1.6, f"{INSTITUCIONAL} > Constructora", "Montajes Eléctricos|Redes y Montajes"
            "|Ingeniería Eléctrica", persons=0.2, use="o", traits=("works",)),
    _sector("4330", 1.4, f"{INSTITUCIONAL} > Constructora", "Acabados|Acabados y Remodelaciones",
            persons=0.4, use="o", traits=("works",)),
    # Services.
    _sector("4923", 2.4, f"{INSTITUCIONAL} > Transporte y logística", "Transportes"
            "|Transportes y Carga|Logística y Transportes", persons=0.05, use="i",
            traits=("transport",)),
    _sector("5511", 2.2, f"{INSTITUCIONAL} > Hotelería y restaurantes", "Hotel|Hoteles|Hostería"
            "|Inversiones Hoteleras", use="w", traits=("lodging",)),
    _sector("5611", 3.4, f"{INSTITUCIONAL} > Hotelería y restaurantes", "Restaurantes|Restaurante"
            "|Asadero|Parrilla", persons=0.45, shops="Restaurante|Asadero|Piqueteadero|Parrilla",
            traits=("food",)),
    _sector("5621", 1, f"{INSTITUCIONAL} > Hotelería y restaurantes", "Casa de Banquetes"
            "|Servicios de Alimentación|Alimentos y Eventos", persons=0.1, traits=("food",)),
    _sector("8121", 1.6, f"{INSTITUCIONAL} > Servicios empresariales", "Servicios Generales"
            "|Servicios Integrales de Aseo|Aseo y Mantenimiento", use="o"),
    _sector("8010", 1, f"{INSTITUCIONAL} > Servicios empresariales", "Seguridad"
            "|Vigilancia y Seguridad|Seguridad Privada", use="o", traits=("security",),
            legal="limited"),
    _sector("6202", 1.2, f"{INSTITUCIONAL} > Servicios empresariales", "Sistemas|Tecnología"
            "|Soluciones Informáticas", persons=0.1, use="o"),
    _sector("8530", 1.8, f"{INSTITUCIONAL} > Educación", "Colegio|Liceo|Gimnasio"
            "|Colegio Campestre|Instituto Técnico", use="w", traits=("school", "season"),
            legal="none"),
    _sector("8512", 0.9, f"{INSTITUCIONAL} > Educación", "Jardín Infantil|Centro Infantil"
            "|Preescolar|Jardín", use="w", traits=("school", "season", "play"), legal="none"),
    _sector("8621", 1.4, f"{INSTITUCIONAL} > Salud", "Centro Médico|Unidad Médica"
            "|Servicios Médicos", use="o", traits=("health",)),
    _sector("8622", 1, f"{INSTITUCIONAL} > Salud", "Centro Odontológico|Odontología", persons=0.4,
            use="o", traits=("health",)),
    _sector("7500", 1.3, f"{INSTITUCIONAL} > Salud", "Clínica Veterinaria|Centro Veterinario",
            persons=0.4, shops="Clínica Veterinaria|Consultorio Veterinario",
            flavour="pets", traits=("health",)),
    _sector("9499", 2, f"{INSTITUCIONAL} > Propiedad horizontal", "Conjunto Residencial"
            "|Parque Residencial|Edificio|Agrupación de Vivienda", use="w", traits=("board",),
            legal="none"),
    _sector("9602", 1.2, f"{TRADICIONAL} > Belleza", "Salón de Belleza|Estética y Belleza",
            persons=0.8, shops="Salón de Belleza|Peluquería|Sala de Belleza",
            flavour="beauty"),
    _sector("7111", 1.6, f"{PRESCRIPTOR} > Arquitectos y diseñadores", "Arquitectura"
            "|Diseño y Espacio|Taller de Arquitectura", persons=0.55, use="o", traits=("design",)),
    _sector("7112", 1.6, f"{PRESCRIPTOR} > Ingenieros y consultores", "Ingeniería|Consultores"
            "|Interventoría y Consultoría", persons=0.4, use="o", traits=("design",)),
)  # fmt: skip

#: What the companies of one group do.
THEMES: tuple[frozenset[str], ...] = tuple(
    frozenset(codes.split())
    for codes in (
        "4631 4632 4711 4723 4721 1040 1081 1011 1062 5611 5621",
        "4663 4752 2511 3110 4111 4290 4321 4330 4659",
        "4642 1410 1521 4771 4772 2229 4754",
        "4664 4774 0125 0145 1040 1062 4923",
        "4530 4520 4541 4923 4659",
        "4645 4773 8621 8622",
        "5511 5611 5621",
    )
)
#: What the head of a group does.
HOLDING: Sector = next(sector for sector in SECTORS if sector.code == "4690")

ANY_SECTOR: Weighted[Sector] = Weighted((sector, sector.weight) for sector in SECTORS)
#: Who sells to the house instead of buying from it.
SUPPLIERS: Weighted[Sector] = Weighted(
    (sector, sector.weight)
    for sector in SECTORS
    if sector.code in {"1410", "2023", "2229", "2511", "1811", "4923", "8121", "6202", "3110"}
)
