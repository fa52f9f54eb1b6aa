"""Own the street grids: which streets cross which in each city, so that addresses are possible.

The ranges are those of the true grids (a Calle 38 sur crosses the Carrera 78 in Kennedy); the
house numbers on them are invented.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quarter:
    """Describe a piece of grid: calles ``streets`` cross carreras ``avenues``."""

    streets: tuple[int, int]
    avenues: tuple[int, int]
    #: Name of the barrio, where people would say it.
    name: str | None = None
    #: Who is found there: i(ndustry), s(hops), o(ffices).
    uses: str = "iso"
    street_suffix: str = ""
    avenue_suffix: str = ""
    #: Cúcuta and the north of Cali count avenidas, not carreras.
    avenue_word: str = "Carrera"


@dataclass(frozen=True, slots=True)
class Avenue:
    """Describe a named avenue and the range of the streets that cross it."""

    name: str
    crossings: tuple[int, int]
    uses: str = "iso"
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Collect what addresses of one city (or zone of Bogotá) are made of."""

    quarters: tuple[Quarter, ...]
    avenues: tuple[Avenue, ...] = ()
    #: Roads with industrial estates: name and greatest kilometre.
    roads: tuple[tuple[str, int], ...] = ()


Q, A = Quarter, Avenue

#: By zone in Bogotá, by DIVIPOLA code elsewhere.
GRIDS: dict[str, Grid] = {
    "Bogotá > Bogotá norte": Grid(
        (
            Q((128, 134), (45, 53), "Prado Veraniego", "s"),
            Q((161, 168), (16, 22), "Toberín", "is"),
            Q((183, 188), (16, 22), "Verbenal", "s"),
            Q((138, 147), (9, 18), "Cedritos", "so"),
            Q((88, 100), (11, 15), "Chicó", "o"),
            Q((139, 147), (90, 95), "Suba", "s"),
            Q((63, 68), (20, 27), "Siete de Agosto", "is"),
            Q((72, 79), (9, 20), None, "o"),
        ),
        (
            A("Autopista Norte", (106, 190), "io"),
            A("Av. Carrera 15", (76, 124), "so"),
            A("Av. Suba", (95, 128), "s"),
        ),
    ),
    "Bogotá > Bogotá centro": Grid(
        (
            Q((10, 13), (10, 14), "San Victorino", "s"),
            Q((17, 22), (22, 29), "Paloquemao", "is"),
            Q((8, 13), (22, 28), "Ricaurte", "is"),
            Q((45, 63), (7, 15), "Chapinero", "so"),
            Q((32, 44), (13, 24), "Teusaquillo", "o"),
            Q((16, 24), (5, 13), "Las Nieves", "so"),
        ),
        (A("Av. Caracas", (13, 63), "so"), A("Av. Jiménez", (4, 12), "o")),
    ),
    "Bogotá > Bogotá occidente": Grid(
        (
            Q((10, 19), (42, 62), "Puente Aranda", "i"),
            Q((17, 22), (65, 69), "Montevideo", "i"),
            Q((17, 24), (96, 104), "Fontibón", "is"),
            Q((64, 68), (90, 97), "Álamos", "i"),
            Q((79, 90), (90, 96), "Quirigua", "s"),
            Q((68, 72), (73, 80), "Boyacá Real", "s"),
            Q((71, 78), (66, 70), "Las Ferias", "s"),
            Q((24, 26), (68, 85), None, "o"),
        ),
        (
            A("Av. Boyacá", (8, 80)),
            A("Av. Carrera 68", (8, 80)),
            A("Av. Calle 13", (37, 128), "i"),
            A("Av. Ciudad de Cali", (12, 90), "is"),
        ),
    ),
    "Bogotá > Bogotá sur": Grid(
        (
            Q((13, 22), (16, 24), "Restrepo", "is", " sur"),
            Q((33, 40), (76, 80), "Kennedy", "so", " sur"),
            Q((45, 52), (33, 54), "Venecia", "is", " sur"),
            Q((56, 65), (77, 82), "Bosa", "s", " sur"),
            Q((24, 30), (5, 10), "20 de Julio", "s", " sur"),
            Q((38, 42), (86, 95), "Patio Bonito", "s", " sur"),
            Q((31, 36), (20, 24), "Quiroga", "s", " sur"),
        ),
        (
            A("Autopista Sur", (50, 75), "i"),
            A("Av. Primero de Mayo", (24, 73), "is", " sur"),
            A("Av. Boyacá", (38, 60), "iso", " sur"),
        ),
    ),
    "25754": Grid((Q((10, 18), (5, 12)),), roads=(("autopista Sur", 6),)),
    "25286": Grid((Q((10, 18), (9, 16), None, "so"),), roads=(("vía Funza-Siberia", 5),)),
    "25473": Grid((Q((2, 10), (1, 8), None, "so"),), roads=(("vía Mosquera-Madrid", 4),)),
    "25430": Grid((Q((3, 9), (3, 9), None, "so"),), roads=(("vía Madrid-Facatativá", 6),)),
    "25269": Grid((Q((3, 11), (1, 7)),), roads=(("vía Facatativá-El Rosal", 5),)),
    "25175": Grid((Q((7, 15), (7, 13)),), roads=(("vía Chía-Cota", 4),)),
    "25126": Grid((Q((1, 6), (2, 8), None, "so"),), roads=(("vía Cajicá-Zipaquirá", 4),)),
    "25214": Grid((Q((10, 15), (4, 7), None, "so"),), roads=(("vía Siberia-Cota", 5),)),
    "25799": Grid((Q((2, 6), (2, 5), None, "so"),), roads=(("vía Siberia-Tenjo", 8),)),
    "25817": Grid((Q((6, 12), (5, 9), None, "so"),), roads=(("vía Tocancipá-Sopó", 4),)),
    "25307": Grid((Q((14, 25), (7, 14)),)),
    "15001": Grid((Q((15, 30), (8, 14)),), (A("Avenida Norte", (36, 66)),)),
    "15238": Grid((Q((10, 22), (13, 22)),)),
    "15759": Grid((Q((9, 20), (9, 18)),)),
    "73001": Grid(
        (Q((8, 42), (1, 8)),), (A("Avenida Ambalá", (37, 66), "so"), A("Avenida 15", (2, 12)))
    ),
    "41001": Grid((Q((4, 21), (2, 14)),), (A("Avenida La Toma", (4, 15), "so"),)),
    "50001": Grid((Q((33, 41), (26, 40)),), (A("Avenida 40", (15, 33)),)),
    "85001": Grid((Q((8, 30), (18, 29)),)),
    "68001": Grid(
        (Q((31, 37), (12, 22), "Centro", "so"), Q((41, 56), (16, 35)), Q((14, 24), (14, 22))),
        (A("Bulevar Bolívar", (14, 30)), A("Avenida Quebradaseca", (12, 28), "is")),
    ),
    "68276": Grid((Q((3, 30), (5, 26)),), (A("Autopista Floridablanca", (126, 158), "io"),)),
    "68307": Grid((Q((29, 44), (22, 29)),), roads=(("vía Palenque-Café Madrid", 6),)),
    "68081": Grid((Q((45, 60), (5, 28)),)),
    "54001": Grid(
        (Q((5, 18), (0, 13), None, "iso", "", "", "Avenida"),),
        (A("Avenida Libertadores", (2, 20), "so"),),
    ),
    "08001": Grid(
        (
            Q((31, 43), (38, 46), "Centro", "is"),
            Q((53, 64), (38, 45), "Boston", "s"),
            Q((53, 70), (50, 58), "El Prado", "so"),
            Q((76, 84), (50, 58), "Alto Prado", "o"),
        ),
        (A("Vía 40", (50, 85), "i"), A("Calle 30", (8, 30), "i"), A("Calle Murillo", (8, 46))),
    ),
    "08758": Grid((Q((14, 30), (17, 30)),), (A("Calle 30", (17, 38), "i"),)),
    "13001": Grid(
        (Q((29, 32), (45, 71)), Q((32, 36), (5, 10), "Centro", "so")),
        (A("Avenida Pedro de Heredia", (20, 60)), A("Avenida del Bosque", (45, 58), "i")),
        (("vía a Mamonal", 12),),
    ),
    "47001": Grid((Q((10, 30), (1, 18)),), (A("Avenida del Ferrocarril", (15, 38)),)),
    "20001": Grid((Q((9, 25), (4, 19)),)),
    "44001": Grid((Q((1, 15), (5, 15)),)),
    "23001": Grid((Q((22, 45), (2, 14)),), (A("Avenida Circunvalar", (22, 44), "is"),)),
    "70001": Grid((Q((15, 30), (16, 28)),)),
    "05001": Grid(
        (
            Q((4, 24), (50, 57), "Guayabal", "is"),
            Q((44, 57), (45, 57), "La Candelaria", "is"),
            Q((33, 44), (74, 81), "Laureles", "so"),
            Q((5, 14), (36, 46), "El Poblado", "o"),
            Q((27, 33), (74, 82), "Belén", "s"),
            Q((94, 103), (65, 72), "Castilla", "s"),
            Q((67, 79), (39, 46), "Manrique", "s"),
            Q((88, 95), (48, 52), "Aranjuez", "s"),
        ),
        (A("Avenida Guayabal", (2, 30), "i"), A("Avenida Oriental", (44, 58), "so")),
    ),
    "05266": Grid((Q((25, 48), (31, 48), None, "iso", " sur"),)),
    "05360": Grid((Q((46, 56), (45, 56), None, "so"), Q((26, 85), (41, 44), None, "i"))),
    "05088": Grid((Q((40, 60), (45, 60)),)),
    "05631": Grid((Q((60, 78), (43, 48), None, "iso", " sur"),)),
    "05380": Grid((Q((75, 84), (50, 60), None, "iso", " sur"),)),
    "05615": Grid((Q((38, 55), (45, 60)),), roads=(("vía Rionegro-La Ceja", 8),)),
    "05440": Grid((Q((27, 33), (28, 34)),)),
    "05318": Grid((Q((49, 53), (48, 52)),)),
    "05045": Grid((Q((92, 105), (95, 105)),)),
    "66001": Grid(
        (Q((14, 40), (4, 12)),),
        (A("Avenida 30 de Agosto", (32, 98)), A("Avenida Circunvalar", (3, 15), "so")),
    ),
    "66170": Grid((Q((15, 50), (14, 24)),), (A("Avenida Simón Bolívar", (18, 60)),)),
    "17001": Grid(
        (Q((19, 65), (17, 25)),), (A("Avenida Santander", (40, 70), "so"),), (("vía a Neira", 5),)
    ),
    "63001": Grid((Q((10, 30), (13, 23)),), (A("Avenida Bolívar", (2, 26)),)),
    "76001": Grid(
        (
            Q((9, 17), (2, 14), "San Pedro", "so"),
            Q((18, 25), (3, 8), "San Nicolás", "is"),
            Q((6, 9), (22, 27), "Alameda", "s"),
            Q((3, 5), (24, 38), "San Fernando", "so"),
            Q((9, 18), (6, 9), "Granada", "so", "N", "N", "Avenida"),
            Q((30, 46), (1, 8), None, "is"),
            Q((14, 18), (101, 109), "Ciudad Jardín", "o"),
        ),
        (A("Calle 5", (24, 80), "so"), A("Carrera 1", (19, 70), "i")),
    ),
    "76892": Grid((Q((10, 16), (24, 38), "Acopi", "i"), Q((3, 10), (3, 8), None, "so"))),
    "76520": Grid((Q((23, 42), (22, 35)),)),
    "76834": Grid((Q((21, 35), (20, 35)),)),
    "76111": Grid((Q((1, 12), (8, 17)),)),
    "19001": Grid((Q((2, 10), (3, 17)),), (A("Avenida Panamericana", (4, 30)),)),
    "52001": Grid((Q((12, 22), (19, 34)),), (A("Avenida Panamericana", (9, 30)),)),
}

#: What a town has whose grid is not listed.
TOWN = Grid((Quarter((3, 18), (3, 14)),))
