"""Own invented natural persons: given names by generation, surnames by region."""

from __future__ import annotations

import random
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# First and second names are kept apart by generation: nobody was baptised "Valentina Stella".
_WOMEN_ELDER = (
    _words(
        "Luz María Ana Martha Gloria Blanca Rosa Flor Carmen Nubia Olga Beatriz Nidia Gladys"
        " Dora Alba Yolanda Zoraida Esperanza Margarita Teresa Elvira Ruth Sonia Mireya Consuelo"
        " Amparo Rosalba Myriam Stella Clemencia Nohora Aura Lucila Fanny Ligia Marlene Graciela"
    ),
    _words(
        "Marina Inés Elena Lucía Stella Cecilia Mercedes Isabel Eugenia Constanza Amparo Helena"
        " Patricia Elvira Teresa Dary Edilma Nelly Adela Yaneth Leonor Ofelia Matilde Rocío"
    ),
)
_WOMEN_YOUNGER = (
    _words(
        "Sandra Claudia Diana Paola Leidy Yuly Angélica Adriana Mónica Lina Natalia Catalina"
        " Viviana Ximena Deisy Katherine Tatiana Laura Juliana Valentina Carolina Marcela Johana"
        " Daniela Camila Luisa Ángela Jenny Liliana Érika Karen Alejandra Maritza Vanessa Yésica"
    ),
    _words(
        "Patricia Milena Marcela Andrea Carolina Johana Liliana Fernanda Victoria Cristina"
        " Alejandra Paola Lorena Viviana Natalia Catalina Juliana Marcela Jimena Tatiana"
    ),
)
_MEN_ELDER = (
    _words(
        "José Luis Carlos Jorge Hernán Álvaro Germán Gustavo Jairo Fabio Gilberto Orlando Rafael"
        " Alfonso Guillermo Ramiro Hugo Humberto Saúl Efraín Rodrigo Jaime Julio Héctor Alirio"
        " Libardo Arturo Ernesto Octavio Darío Marco Pedro Miguel Rubén Néstor Ricardo Ignacio"
    ),
    _words(
        "Enrique Alberto Eduardo Antonio Hernando Ignacio Alfonso Emilio Ernesto Manuel Arturo"
        " Alonso Fernando Elías Nelson Augusto Vicente Joaquín Gabriel Tulio Horacio"
    ),
)
_MEN_YOUNGER = (
    _words(
        "Juan Andrés Julián Diego Wilson Edwin Óscar Fabián Mauricio Camilo Sebastián Nicolás"
        " Jhon Cristian Felipe Iván Leonardo Alexander William Javier Henry Yeison Harold Santiago"
        " Daniel David Sergio Jonathan Freddy Giovanny Esteban Mateo Carlos Luis Miguel Gonzalo"
    ),
    _words(
        "Andrés Felipe Camilo David Alejandro Mauricio Fernando Sebastián Iván Alexander Darío"
        " Esteban Eduardo Leonardo Stiven Fabián Ricardo Armando Orlando Alberto"
    ),
)

_COMMON = _words(
    "Rodríguez Gómez González Martínez García López Hernández Sánchez Ramírez Pérez Díaz Muñoz"
    " Rojas Moreno Jiménez Ortiz Castro Gutiérrez Torres Álvarez Ruiz Vargas Suárez Herrera Medina"
    " Cruz Romero Parra Castillo Guerrero Mendoza Vega Quintero Cárdenas Contreras Molina Beltrán"
    " Morales Rivera León Acosta Guzmán Cortés Peña Velásquez Mora Reyes Aguilar Bernal Salcedo"
    " Espinosa Montoya Soto Sierra Navarro Ochoa Fonseca Duarte Ríos Arias Correa Pineda Barrera"
)
_CENTRE = _words(
    "Pachón Chaparro Camargo Cely Pulido Forero Bautista Quiroga Rincón Avellaneda Sarmiento"
    " Garzón Nieto Pardo Umaña Gaitán Bohórquez Cubillos Sabogal Barbosa Poveda Alarcón Amaya"
    " Corredor Hurtado Ladino Matallana Novoa Páez Rubiano Tibaduiza Vanegas Wilches Zambrano"
)
_ANTIOQUIA = _words(
    "Restrepo Arango Zuluaga Gaviria Mejía Giraldo Echeverri Jaramillo Londoño Ossa Vélez Uribe"
    " Botero Hoyos Posada Tobón Agudelo Betancur Cano Henao Isaza Palacio Escobar Duque Aristizábal"
    " Bedoya Cadavid Gallego Builes Urrego Zapata Marulanda Yepes Tamayo Toro"
)
_COFFEE = _words(
    "Valencia Cardona Grisales Marín Salazar Aguirre Arbeláez Buitrago Castaño Franco Galvis"
    " Patiño Trejos Villegas Zuluaga Giraldo Ocampo Osorio Naranjo Loaiza Bermúdez Hincapié"
)
_WEST = _words(
    "Caicedo Lozano Saavedra Viveros Angulo Mosquera Llanos Sandoval Bejarano Collazos Holguín"
    " Lenis Libreros Materón Victoria Plaza Rengifo Satizábal Tascón Varela Zúñiga Becerra"
)
_SOUTH = _words(
    "Benavides Burbano Erazo Chamorro Rosero Delgado Enríquez Bastidas Bravo Córdoba Guevara"
    " Insuasty Jurado Lasso Narváez Ordóñez Portilla Realpe Santacruz Timaná Unigarro Villota"
)
_CARIBBEAN = _words(
    "Barrios Padilla Pertuz Mercado Pacheco Charris Polo Donado Meza Arrieta Bermúdez Caballero"
    " Cantillo Daza Fuentes Julio Maestre Montes Orozco Pupo Sarabia Tapia Utria Villalobos"
    " Zabaleta Ariza Altamar Buelvas Carrascal Hoyos Lacouture Mestre Oñate Rhenals Támara"
)
_EAST = _words(
    "Rueda Serrano Galvis Ardila Plata Gualdrón Villamizar Carvajalino Jaimes Rangel Peñaranda"
    " Cáceres Silva Mantilla Gamboa Blanco Prada Uribe Ordóñez Durán Arenas Remolina"
    " Albarracín Bayona Estupiñán Figueroa Leal Niño Parada Quintana Yáñez"
)
_TOLIMA = _words(
    "Perdomo Polanía Trujillo Cabrera Tovar Bonilla Losada Cuéllar Motta Ramos Andrade Charry"
    " Devia Góngora Lozano Murillo Oviedo Rivas Tafur Varón Barreto Cerquera Dussán Falla"
)

_BY_REGION = {
    "Antioquia": _ANTIOQUIA, "Chocó": _WEST, "Caldas": _COFFEE, "Risaralda": _COFFEE,
    "Quindío": _COFFEE, "Valle del Cauca": _WEST, "Cauca": _SOUTH, "Nariño": _SOUTH,
    "Putumayo": _SOUTH, "Atlántico": _CARIBBEAN, "Bolívar": _CARIBBEAN, "Cesar": _CARIBBEAN,
    "Córdoba": _CARIBBEAN, "La Guajira": _CARIBBEAN, "Magdalena": _CARIBBEAN, "Sucre": _CARIBBEAN,
    "San Andrés y Providencia": _CARIBBEAN, "Santander": _EAST, "Norte de Santander": _EAST,
    "Arauca": _EAST, "Tolima": _TOLIMA, "Huila": _TOLIMA, "Caquetá": _TOLIMA,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Describe an invented person as the names need it."""

    given_names: str
    surnames: str
    is_woman: bool
    #: Of the generation that salespeople call don and doña.
    is_elder: bool

    @property
    def first_name(self) -> str:
        """Return the given name by which people call them."""
        return self.given_names.split(" ", 1)[0]

    @property
    def familiar_name(self) -> str:
        """Return how the neighbourhood calls them: "Luz Marina", but "Hernán"."""
        both = self.first_name in {"Luz", "María", "Ana", "José", "Juan", "Jhon", "Flor", "Rosa"}
        return self.given_names if both else self.first_name


def surname(rng: random.Random, region: str) -> str:
    """Draw a surname, about half of them at home in the region."""
    return rng.choice(_COMMON if rng.random() < 0.5 else _BY_REGION.get(region, _CENTRE))


def surname_pair(rng: random.Random, region: str) -> tuple[str, str]:
    """Draw two different surnames."""
    first = surname(rng, region)
    while (second := surname(rng, region)) == first:
        pass
    return first, second


def person(rng: random.Random, region: str, *, elder: float = 0.45) -> Person:
    """Draw a person; ``elder`` is the share of the older generation."""
    is_woman, is_elder = rng.random() < 0.5, rng.random() < elder
    if is_woman:
        firsts, seconds = _WOMEN_ELDER if is_elder else _WOMEN_YOUNGER
    else:
        firsts, seconds = _MEN_ELDER if is_elder else _MEN_YOUNGER
    first = rng.choice(firsts)
    while (second := rng.choice(seconds)) == first:
        pass
    return Person(f"{first} {second}", " ".join(surname_pair(rng, region)), is_woman, is_elder)
