"""Own the cities of the portfolio: DIVIPOLA code, sales zone and weight in the economy.

Codes and names: DANE, DIVIPOLA. Cities are called as people call them ("Cúcuta", "Ubaté"), which
is part of the official name ("San José de Cúcuta", "Villa de San Diego de Ubaté").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .draws import Weighted


@dataclass(frozen=True, slots=True)
class City:
    """Describe a city; Bogotá appears once for each of its sales zones."""

    code: str
    name: str
    region: str
    zone: str
    weight: float

    @property
    def area_code(self) -> str:
        """Return the national prefix of its landlines (Colombia's plan of 2021)."""
        return _AREA_CODES.get(self.code[:2], "608")


_AREA_CODES = {
    "11": "601", "25": "601", "76": "602", "19": "602", "52": "602", "05": "604", "27": "604",
    "23": "604", "08": "605", "13": "605", "20": "605", "44": "605", "47": "605", "70": "605",
    "17": "606", "63": "606", "66": "606", "68": "607", "54": "607", "81": "607",
}  # fmt: skip

_REGIONS = {
    "05": "Antioquia", "08": "Atlántico", "11": "Bogotá D. C.", "13": "Bolívar", "15": "Boyacá",
    "17": "Caldas", "18": "Caquetá", "19": "Cauca", "20": "Cesar", "23": "Córdoba",
    "25": "Cundinamarca", "27": "Chocó", "41": "Huila", "44": "La Guajira", "47": "Magdalena",
    "50": "Meta", "52": "Nariño", "54": "Norte de Santander", "63": "Quindío", "66": "Risaralda",
    "68": "Santander", "70": "Sucre", "73": "Tolima", "76": "Valle del Cauca", "81": "Arauca",
    "85": "Casanare", "86": "Putumayo", "88": "San Andrés y Providencia", "91": "Amazonas",
}  # fmt: skip

# Zone, then "code name weight" of its cities. Neighbouring zones stand together: sellers get
# consecutive ones.
_TABLE: tuple[tuple[str, str], ...] = (
    ("Bogotá > Bogotá norte", "11001 Bogotá D. C. 95"),
    ("Bogotá > Bogotá centro", "11001 Bogotá D. C. 65"),
    ("Bogotá > Bogotá occidente", "11001 Bogotá D. C. 95"),
    ("Bogotá > Bogotá sur", "11001 Bogotá D. C. 65"),
    (
        "Centro > Sabana occidente",
        "25754 Soacha 7, 25286 Funza 6, 25473 Mosquera 6, 25430 Madrid 4, 25269 Facatativá 4,"
        " 25290 Fusagasugá 3, 25307 Girardot 3",
    ),
    (
        "Centro > Sabana norte",
        "25175 Chía 7, 25126 Cajicá 4, 25899 Zipaquirá 5, 25214 Cota 4, 25799 Tenjo 1.5,"
        " 25817 Tocancipá 2, 25843 Ubaté 1.5",
    ),
    ("Centro > Boyacá", "15001 Tunja 7, 15238 Duitama 4, 15759 Sogamoso 4, 15176 Chiquinquirá 2"),
    (
        "Centro > Tolima y Huila",
        "73001 Ibagué 16, 73268 Espinal 2.5, 41001 Neiva 11, 41551 Pitalito 3, 41298 Garzón 1.5",
    ),
    ("Llanos y sur > Meta y Casanare", "50001 Villavicencio 16, 50006 Acacías 2, 85001 Yopal 6"),
    (
        "Llanos y sur > Amazonía",
        "18001 Florencia 3, 86001 Mocoa 1, 86568 Puerto Asís 1, 91001 Leticia 0.8",
    ),
    (
        "Oriente > Santander",
        "68001 Bucaramanga 32, 68276 Floridablanca 7, 68307 Girón 6, 68547 Piedecuesta 3,"
        " 68081 Barrancabermeja 5, 68679 San Gil 2",
    ),
    (
        "Oriente > Norte de Santander y Arauca",
        "54001 Cúcuta 20, 54498 Ocaña 2, 54518 Pamplona 1.5, 81001 Arauca 1.5",
    ),
    (
        "Caribe > Atlántico",
        "08001 Barranquilla 52, 08758 Soledad 7, 08433 Malambo 2, 08296 Galapa 2,"
        " 88001 San Andrés 1.5",
    ),
    ("Caribe > Bolívar", "13001 Cartagena 26, 13836 Turbaco 1.5, 13430 Magangué 1.5"),
    (
        "Caribe > Magdalena, Cesar y La Guajira",
        "47001 Santa Marta 12, 47189 Ciénaga 1.5, 20001 Valledupar 9, 20011 Aguachica 2,"
        " 44001 Riohacha 3, 44430 Maicao 2",
    ),
    ("Caribe > Córdoba y Sucre", "23001 Montería 10, 23162 Cereté 1.5, 70001 Sincelejo 6"),
    (
        "Antioquia > Valle de Aburrá",
        "05001 Medellín 105, 05266 Envigado 14, 05360 Itagüí 16, 05088 Bello 8, 05631 Sabaneta 6,"
        " 05380 La Estrella 4",
    ),
    ("Antioquia > Oriente antioqueño", "05615 Rionegro 9, 05440 Marinilla 1.5, 05318 Guarne 1.5"),
    (
        "Antioquia > Urabá, Bajo Cauca y Chocó",
        "05045 Apartadó 4, 05154 Caucasia 2, 27001 Quibdó 2",
    ),
    (
        "Eje Cafetero > Risaralda",
        "66001 Pereira 24, 66170 Dosquebradas 6, 66682 Santa Rosa de Cabal 1.5",
    ),
    ("Eje Cafetero > Caldas", "17001 Manizales 15, 17380 La Dorada 2, 17174 Chinchiná 1.5"),
    ("Eje Cafetero > Quindío", "63001 Armenia 11, 63130 Calarcá 1.5"),
    (
        "Occidente > Norte y centro del Valle",
        "76520 Palmira 8, 76834 Tuluá 5, 76111 Buga 4, 76147 Cartago 3",
    ),
    (
        "Occidente > Cali y Pacífico",
        "76001 Cali 75, 76892 Yumbo 9, 76364 Jamundí 3, 76130 Candelaria 1, 76109 Buenaventura 3",
    ),
    (
        "Occidente > Cauca y Nariño",
        "19001 Popayán 8, 19698 Santander de Quilichao 2, 52001 Pasto 11, 52356 Ipiales 3,"
        " 52835 Tumaco 1.5",
    ),
)


def _parse() -> Iterator[City]:
    for zone, row in _TABLE:
        for cell in row.split(", "):
            code, rest = cell.split(" ", 1)
            name, weight = rest.rsplit(" ", 1)
            yield City(code, name, _REGIONS[code[:2]], zone, float(weight))


CITIES: tuple[City, ...] = tuple(_parse())
#: Leaf zones in the order in which portfolios are cut.
ZONES: tuple[str, ...] = tuple(zone for zone, _ in _TABLE)

ANY_CITY: Weighted[City] = Weighted((city, city.weight) for city in CITIES)
BY_ZONE: dict[str, Weighted[City]] = {
    zone: Weighted((city, city.weight) for city in CITIES if city.zone == zone) for zone in ZONES
}


def portfolios(sellers: int) -> dict[str, int]:
    """Divide the leaf zones among ``sellers`` (at least 1), neighbours together, weights alike."""
    weights = {zone: sum(city.weight for city in CITIES if city.zone == zone) for zone in ZONES}
    total, before, owners = sum(weights.values()), 0.0, {}
    for zone in ZONES:
        owners[zone] = min(sellers - 1, int((before + weights[zone] / 2) / total * sellers))
        before += weights[zone]
    return owners
