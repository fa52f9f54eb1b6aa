"""Own the invented proper names: nouns with adjectives that agree, saints, tools, virtues."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Hold nouns of one kind by gender and the adjectives that suit all of them."""

    masculine: tuple[str, ...]
    feminine: tuple[str, ...]
    #: (masculine, feminine).
    adjectives: tuple[tuple[str, str], ...]
    #: Suits bakeries and hotels, not locksmiths: "Rodamientos Azucena Blanca" makes people smile.
    is_gentle: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _adjectives(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (word.split("/") for word in text.split())
    return tuple((pair[0], pair[-1]) for pair in pairs)


_FAMILIES = (
    Family(
        _words(
            "Samán Guayacán Roble Cedro Nogal Yarumo Arrayán Caracolí Almendro Guamo Sauce"
            " Algarrobo Chicalá Urapán Gualanday Cámbulo Carbonero Totumo Ocobo"
        ),
        _words("Ceiba Palma Caoba Acacia Guadua"),
        _adjectives("Dorado/Dorada Florecido/Florecida Verde Viejo/Vieja Blanco/Blanca"),
    ),
    Family(
        _words("Turpial Colibrí Tucán Paujil Gavilán Sinsonte Barranquero Toche"),
        _words("Garza Mirla Golondrina Tángara Oropéndola Alondra"),
        _adjectives("Azul Dorado/Dorada Real Blanco/Blanca Viajero/Viajera Andino/Andina"),
    ),
    Family(
        _words("Páramo Cerro Llano Monte Potrero Altozano"),
        _words("Loma Peña Piedra Cumbre Meseta Colina Cañada Cima Ladera Sierra"),
        _adjectives("Alto/Alta Azul Verde Sereno/Serena Claro/Clara Blanco/Blanca Nuevo/Nueva"),
    ),
    Family(
        _words("Manantial Arroyo Remanso Estero Raudal"),
        _words("Laguna Quebrada Vega Ribera Cascada Ensenada Fuente Bahía"),
        _adjectives("Claro/Clara Sereno/Serena Azul Verde Nuevo/Nueva"),
    ),
    Family(
        _words("Lucero Horizonte Amanecer Faro Sol"),
        _words("Estrella Luna Aurora Brisa"),
        _adjectives("Nuevo/Nueva Azul Dorado/Dorada Claro/Clara Sereno/Serena"),
    ),
    Family(
        _words("Puente Molino Mirador Portal Puerto Balcón Portón Muelle Campanario Trapiche Arco"),
        _words("Hacienda Alameda Plaza Casona Plazuela Estación Ermita Aldea"),
        _adjectives("Nuevo/Nueva Viejo/Vieja Real Blanco/Blanca Verde Grande Rojo/Roja"),
    ),
    Family(
        _words("Trigal Cafetal Maizal Naranjal Guadual Platanal Huerto"),
        _words("Cosecha Espiga Semilla Huerta Siembra"),
        _adjectives("Dorado/Dorada Nuevo/Nueva Verde Grande Andino/Andina"),
        is_gentle=True,
    ),
    Family(
        _words("Girasol Jazmín Clavel Azahar"),
        _words("Orquídea Azucena Heliconia Margarita Siempreviva Dalia Violeta Camelia"),
        _adjectives("Blanco/Blanca Dorado/Dorada Andino/Andina Silvestre Real"),
        is_gentle=True,
    ),
)

# "Brisas del Páramo": plural, then a place. Without article before.
_PLURALS = _words(
    "Brisas Raíces Senderos Colinas Portales Luces Cumbres Riberas Caminos Horizontes"
)
_GENTLE_PLURALS = _words("Aromas Frutos Sabores Huellas Campos Aguas Balcones Jardines")
_RESIDENCES = _words(
    "Balcones Portales Senderos Colinas Brisas Riberas Torres Altos Mirador Reserva Parques Quintas"
    " Jardines Terrazas Portal Alameda"
)
_OF_WHERE = (
    "del Páramo", "de la Sierra", "de la Montaña", "del Valle", "del Bosque", "del Macizo",
    "de Guaduales", "del Cafetal", "del Mirador", "de la Ladera", "del Río", "de la Cordillera",
    "del Campo", "de la Alameda", "del Trapiche", "de la Colina",
)  # fmt: skip
_HARDY = tuple(family for family in _FAMILIES if not family.is_gentle)

_TOOLS_M = _words("Tornillo Martillo Serrucho Candado Nivel Cincel Perno Yunque Compás Ladrillo")
_TOOLS_F = _words("Llave Broca Plomada Escuadra Tuerca Roca Viga Herradura")
_PETS = (
    "Huellas", "Amigo Fiel", "Patitas", "Mundo Animal", "El Arca", "Mi Mascota", "Cuatro Huellas",
    "Mascotas y Compañía", "Zoovida", "Fauna Feliz",
)  # fmt: skip
_BEAUTY = (
    "Nueva Imagen", "Estilo y Color", "Tijeras de Oro", "Bella Mujer", "Elegance", "Look y Estilo",
    "Divina", "Peinados y Color", "El Espejo", "Arte y Belleza",
)  # fmt: skip
_GIFTS = (
    "Mil Colores", "Luna de Papel", "Casa Bonita", "Hilo y Color", "Mi Rincón", "Manos Creadoras",
    "Dulce Sorpresa", "Turquesa", "Azul y Canela", "La Cajita", "Canela y Menta",
)  # fmt: skip
_POOLS = {"pets": _PETS, "beauty": _BEAUTY, "gifts": _GIFTS}
_BAKERY = ("La Espiga", "La Miga", "El Horno", "El Trigal", "La Hogaza", "El Molino", "La Cosecha")
_SAINTS = (
    "San Rafael", "San José", "Santa Lucía", "San Antonio", "San Judas", "Santa Rita", "San Martín",
    "Santa Marta", "San Isidro", "San Nicolás", "Santa Bárbara", "San Miguel", "Santa Teresa",
    "San Pedro", "La Milagrosa", "El Carmen", "Divino Niño", "San Gabriel", "Santa Ana",
    "San Francisco", "Santa Inés", "San Roque", "San Cayetano", "María Auxiliadora", "Fátima",
)  # fmt: skip
_VIRTUES = (
    "La Esperanza", "El Progreso", "El Porvenir", "La Fortuna", "La Economía", "El Triunfo",
    "La Victoria", "La Bendición", "El Vecino", "La Esquina", "La Principal", "El Trébol",
    "La Favorita", "La Central", "El Amigo", "La Amistad", "El Diamante", "La Confianza",
    "La Bonanza", "El Buen Precio", "La Unión", "El Recreo", "La Gran Esquina", "Los Comuneros",
    "El Paraíso", "La Primavera", "El Rosal", "La Colmena", "El Ahorro", "El Sol", "La Variedad",
)  # fmt: skip
_DEMONYMS = (
    "El Paisa", "El Santandereano", "El Boyacense", "El Tolimense", "El Costeño", "El Opita",
    "El Llanero", "El Valluno", "El Caleño", "El Quindiano", "El Pastuso", "El Caucano",
)  # fmt: skip
_SMALL_ANIMALS = (
    ("Caracol", "m"), ("Luciérnaga", "f"), ("Ardilla", "f"), ("Conejo", "m"), ("Mariposa", "f"),
    ("Delfín", "m"), ("Tortuga", "f"), ("Osito", "m"), ("Jirafa", "f"), ("Grillo", "m"),
    ("Abejita", "f"), ("Pulpito", "m"), ("Estrellita", "f"), ("Ratón", "m"), ("Ranita", "f"),
    ("Barquito", "m"), ("Cometa", "f"), ("Trencito", "m"), ("Semillita", "f"), ("Arcoíris", "m"),
)  # fmt: skip
_PLAYFUL = _adjectives(
    "Viajero/Viajera Curioso/Curiosa Azul Soñador/Soñadora Alegre Amarillo/Amarilla Cantor/Cantora"
    " Explorador/Exploradora Verde Saltarín/Saltarina Brillante"
)

# In use on the product's own example screens; kept apart so that nobody takes one for the other.
_TAKEN = frozenset({"Ceiba Dorada", "Yunque Azul", "Piedra Serena", "Potrero Alto", "Luz Clara"})


def fantasy(rng: random.Random, *, gentle: bool = True) -> str:
    """Draw a proper name for a company: "La Garza Azul", "Brisas del Macizo".

    :param gentle: flowers, orchards and flavours suit the line of business.
    """
    if rng.random() < 0.14:
        plurals = _PLURALS + _GENTLE_PLURALS if gentle else _PLURALS
        return f"{rng.choice(plurals)} {rng.choice(_OF_WHERE)}"
    family = rng.choice(_FAMILIES if gentle else _HARDY)
    nouns = family.masculine + family.feminine
    noun = rng.choice(nouns)
    is_feminine = noun in family.feminine
    core = f"{noun} {rng.choice(family.adjectives)[is_feminine]}"
    if core in _TAKEN:
        return fantasy(rng, gentle=gentle)
    article = "La" if is_feminine else "El"
    return f"{article} {core}" if rng.random() < 0.42 else core


def shop_fantasy(rng: random.Random, flavour: str) -> str:
    """Draw a proper name for a shop.

    :param flavour: tools, bakery, health, pets, beauty, gifts or an empty text.
    """
    roll = rng.random()
    if (pool := _POOLS.get(flavour)) and roll < 0.85:
        # Few words for many shops: the street or a saint tells them apart, as in town.
        name = rng.choice(pool)
        return name if rng.random() < 0.6 else f"{name} {rng.choice(_SAINTS)}"
    if flavour == "tools" and roll < 0.4:
        is_feminine = rng.random() < 0.45
        tool = rng.choice(_TOOLS_F if is_feminine else _TOOLS_M)
        return f"{'La' if is_feminine else 'El'} {tool}{rng.choice(('', ' de Oro', ' de Plata'))}"
    if flavour == "bakery" and roll < 0.4:
        return rng.choice(_BAKERY) + rng.choice(("", " de Oro", " del Barrio", " de la Esquina"))
    if flavour == "health" and roll < 0.5:
        return rng.choice(_SAINTS)
    if roll < 0.55:
        return rng.choice(_VIRTUES)
    if roll < 0.67:
        return rng.choice(_SAINTS)
    if roll < 0.73 and not flavour:
        return rng.choice(_DEMONYMS)
    if roll < 0.78:
        return f"La {rng.choice((5, 7, 8, 9, 10, 13, 15, 19, 22, 23, 27, 30, 33, 40, 45, 68, 80))}"
    return fantasy(rng, gentle=flavour != "tools")


def residence(rng: random.Random) -> str:
    """Draw a name for a block of flats: "Balcones de la Colina"."""
    while (where := rng.choice(_OF_WHERE)).endswith(noun := rng.choice(_RESIDENCES)):
        pass
    return f"{noun} {where}"


def playful(rng: random.Random) -> str:
    """Draw a name for a kindergarten: "Caracol Soñador"."""
    animal, gender = rng.choice(_SMALL_ANIMALS)
    return f"{animal} {rng.choice(_PLAYFUL)[gender == 'f']}"


_OF_REGION = {
    "Antioquia": ("de la Montaña", "del Porce", "del Aburrá", "del Suroeste"),
    "Atlántico": ("del Caribe", "del Litoral", "de la Arenosa"),
    "Bogotá D. C.": ("de la Sabana", "de los Andes", "del Altiplano", "de Oriente"),
    "Bolívar": ("del Caribe", "del Dique", "de la Bahía"),
    "Boyacá": ("del Altiplano", "del Chicamocha", "de la Villa"),
    "Caldas": ("del Ruiz", "de la Cordillera", "del Café"),
    "Cauca": ("del Macizo", "del Patía", "del Cauca"),
    "Cesar": ("del Cesar", "de la Provincia", "del Guatapurí"),
    "Córdoba": ("del Sinú", "de las Sabanas", "del San Jorge"),
    "Cundinamarca": ("de la Sabana", "del Guavio", "del Sumapaz"),
    "Huila": ("del Huila", "del Alto Magdalena", "del Sur"),
    "Magdalena": ("de la Sierra", "del Caribe", "del Tayrona"),
    "Meta": ("del Llano", "del Ariari", "de la Orinoquia"),
    "Casanare": ("del Llano", "del Cravo", "de la Orinoquia"),
    "Nariño": ("del Galeras", "del Sur", "de los Pastos"),
    "Norte de Santander": ("del Zulia", "del Oriente", "de la Frontera"),
    "Quindío": ("del Quindío", "del Café", "del Cocora"),
    "Risaralda": ("del Otún", "del Café", "del Eje"),
    "Santander": ("del Chicamocha", "del Oriente", "de Santander"),
    "Sucre": ("de las Sabanas", "del Golfo", "de los Montes"),
    "Tolima": ("del Combeima", "del Tolima", "del Magdalena"),
    "Valle del Cauca": ("del Valle", "del Pacífico", "del Occidente"),
}
_ANYWHERE = ("del Norte", "del Sur", "de Occidente", "de Colombia")


def of_region(rng: random.Random, region: str) -> str:
    """Draw how a company names its region: "del Sinú", "de la Sabana"."""
    return rng.choice(_OF_REGION.get(region, ("del Sur",)) + _ANYWHERE)
