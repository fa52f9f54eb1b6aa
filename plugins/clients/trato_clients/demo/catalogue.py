"""Own the masters of the demo: categories, zones, industries, sources and tags."""

from __future__ import annotations

from .places import ZONES
from .records import DemoCatalogue, DemoCategory, DemoIndustry, DemoSource, DemoZone

_CATEGORIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Mayorista", ("Mayorista A", "Mayorista B", "Mayorista C")),
    (
        "Canal tradicional",
        (
            "Tienda", "Minimercado", "Droguería", "Ferretería", "Papelería y miscelánea",
            "Panadería", "Agropecuaria y veterinaria", "Desechables y aseo",
            "Repuestos y talleres", "Almacén", "Carnes y salsamentaria", "Fruver", "Belleza",
        ),
    ),
    (
        "Canal moderno",
        ("Autoservicio", "Cadena regional", "Droguería en cadena", "Muebles y electrodomésticos"),
    ),
    (
        "Institucional",
        (
            "Industria", "Constructora", "Hotelería y restaurantes", "Educación", "Salud", "Agro",
            "Transporte y logística", "Servicios empresariales", "Propiedad horizontal",
        ),
    ),
    ("Canal digital", ("Tienda en línea", "Vendedor en plataforma")),
    ("Prescriptor", ("Arquitectos y diseñadores", "Ingenieros y consultores")),
    ("Proveedor", ("Fabricante", "Servicios")),
)  # fmt: skip

# DANE, CIIU Rev. 4 A.C.: sections and the classes met in the portfolio.
_INDUSTRIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "A", "Agricultura, ganadería, caza, silvicultura y pesca",
        {"0125": "Cultivo de flor de corte", "0145": "Cría de aves de corral"},
    ),
    (
        "C", "Industrias manufactureras",
        {
            "1011": "Procesamiento y conservación de carne y productos cárnicos",
            "1040": "Elaboración de productos lácteos",
            "1062": "Descafeinado, tostión y molienda del café",
            "1081": "Elaboración de productos de panadería",
            "1410": "Confección de prendas de vestir, excepto prendas de piel",
            "1521": "Fabricación de calzado de cuero y piel, con cualquier tipo de suela",
            "1811": "Actividades de impresión",
            "2023": "Fabricación de jabones y detergentes, preparados para limpiar y pulir; "
            "perfumes y preparados de tocador",
            "2229": "Fabricación de artículos de plástico n.c.p.",
            "2511": "Fabricación de productos metálicos para uso estructural",
            "3110": "Fabricación de muebles",
        },
    ),
    (
        "F", "Construcción",
        {
            "4111": "Construcción de edificios residenciales",
            "4290": "Construcción de otras obras de ingeniería civil",
            "4321": "Instalaciones eléctricas",
            "4330": "Terminación y acabado de edificios y obras de ingeniería civil",
        },
    ),
    (
        "G", "Comercio al por mayor y al por menor; reparación de vehículos automotores y "
        "motocicletas",
        {
            "4520": "Mantenimiento y reparación de vehículos automotores",
            "4530": "Comercio de partes, piezas (autopartes) y accesorios (lujos) para vehículos "
            "automotores",
            "4541": "Comercio de motocicletas y de sus partes, piezas y accesorios",
            "4631": "Comercio al por mayor de productos alimenticios",
            "4632": "Comercio al por mayor de bebidas y tabaco",
            "4642": "Comercio al por mayor de prendas de vestir",
            "4645": "Comercio al por mayor de productos farmacéuticos, medicinales, cosméticos y "
            "de tocador",
            "4659": "Comercio al por mayor de otros tipos de maquinaria y equipo n.c.p.",
            "4663": "Comercio al por mayor de materiales de construcción, artículos de ferretería, "
            "pinturas, productos de vidrio, equipo y materiales de fontanería y calefacción",
            "4664": "Comercio al por mayor de productos químicos básicos, cauchos y plásticos en "
            "formas primarias y productos químicos de uso agropecuario",
            "4669": "Comercio al por mayor de otros productos n.c.p.",
            "4690": "Comercio al por mayor no especializado",
            "4711": "Comercio al por menor en establecimientos no especializados con surtido "
            "compuesto principalmente por alimentos, bebidas o tabaco",
            "4721": "Comercio al por menor de productos agrícolas para el consumo en "
            "establecimientos especializados",
            "4723": "Comercio al por menor de carnes (incluye aves de corral), productos cárnicos, "
            "pescados y productos de mar, en establecimientos especializados",
            "4752": "Comercio al por menor de artículos de ferretería, pinturas y productos de "
            "vidrio en establecimientos especializados",
            "4754": "Comercio al por menor de electrodomésticos y gasodomésticos de uso doméstico, "
            "muebles y equipos de iluminación",
            "4761": "Comercio al por menor de libros, periódicos, materiales y artículos de "
            "papelería y escritorio, en establecimientos especializados",
            "4771": "Comercio al por menor de prendas de vestir y sus accesorios (incluye "
            "artículos de piel) en establecimientos especializados",
            "4772": "Comercio al por menor de todo tipo de calzado y artículos de cuero y "
            "sucedáneos del cuero en establecimientos especializados",
            "4773": "Comercio al por menor de productos farmacéuticos y medicinales, cosméticos y "
            "artículos de tocador en establecimientos especializados",
            "4774": "Comercio al por menor de otros productos nuevos en establecimientos "
            "especializados",
            "4791": "Comercio al por menor realizado a través de internet",
        },
    ),
    ("H", "Transporte y almacenamiento", {"4923": "Transporte de carga por carretera"}),
    (
        "I", "Alojamiento y servicios de comida",
        {
            "5511": "Alojamiento en hoteles",
            "5611": "Expendio a la mesa de comidas preparadas",
            "5621": "Catering para eventos",
        },
    ),
    (
        "J", "Información y comunicaciones",
        {
            "6202": "Actividades de consultoría informática y actividades de administración de "
            "instalaciones informáticas",
        },
    ),
    (
        "M", "Actividades profesionales, científicas y técnicas",
        {
            "7111": "Actividades de arquitectura",
            "7112": "Actividades de ingeniería y otras actividades conexas de consultoría técnica",
            "7500": "Actividades veterinarias",
        },
    ),
    (
        "N", "Actividades de servicios administrativos y de apoyo",
        {
            "8010": "Actividades de seguridad privada",
            "8121": "Limpieza general interior de edificios",
        },
    ),
    (
        "P", "Educación",
        {
            "8512": "Educación preescolar",
            "8530": "Establecimientos que combinan diferentes niveles de educación",
        },
    ),
    (
        "Q", "Actividades de atención de la salud humana y de asistencia social",
        {
            "8621": "Actividades de la práctica médica, sin internación",
            "8622": "Actividades de la práctica odontológica",
        },
    ),
    (
        "S", "Otras actividades de servicios",
        {
            "9499": "Actividades de otras asociaciones n.c.p.",
            "9602": "Peluquería y otros tratamientos de belleza",
        },
    ),
)  # fmt: skip

_SOURCES = (
    ("visita_de_zona", "Visita de zona"), ("referido", "Referido"), ("feria", "Feria"),
    ("pagina_web", "Página web"), ("llamada_en_frio", "Llamada en frío"),
    ("whatsapp", "WhatsApp"), ("redes_sociales", "Redes sociales"),
    ("licitacion", "Licitación o invitación"), ("cliente_antiguo", "Cliente recuperado"),
)  # fmt: skip

TAGS = (
    "Paga puntual", "Solo contado", "Sensible al precio", "Potencial alto", "Riesgo de fuga",
    "Exige cita", "Exige orden de compra", "Portal de proveedores", "Pedido por WhatsApp",
    "Temporada escolar", "Temporada de diciembre", "Feria 2026", "Contrato anual",
    "Grupo empresarial", "Ruta semanal", "Ruta quincenal", "Pide muestras",
)  # fmt: skip


def catalogue() -> DemoCatalogue:
    """Return the masters that the clients refer to, parents before children."""
    categories: list[DemoCategory] = []
    for parent, children in _CATEGORIES:
        categories.append(DemoCategory(key=parent, name=parent))
        categories += [
            DemoCategory(key=f"{parent} > {child}", name=child, parent=parent) for child in children
        ]
    zones: list[DemoZone] = []
    for path in ZONES:
        parent, name = path.split(" > ")
        if not any(zone.key == parent for zone in zones):
            zones.append(DemoZone(key=parent, name=parent))
        zones.append(DemoZone(key=path, name=name, parent=parent))
    industries: list[DemoIndustry] = []
    for section, title, classes in _INDUSTRIES:
        industries.append(DemoIndustry(code=section, name=title))
        industries += [
            DemoIndustry(code=code, name=name, parent=section) for code, name in classes.items()
        ]
    return DemoCatalogue(
        categories=tuple(categories),
        zones=tuple(zones),
        industries=tuple(industries),
        sources=tuple(DemoSource(key=key, name=name) for key, name in _SOURCES),
        tags=TAGS,
    )
