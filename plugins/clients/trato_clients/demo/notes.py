"""Own what salespeople write in the notes of a client, in their own Spanish."""

from __future__ import annotations

import random
from collections.abc import Set as AbstractSet

from .records import Status

_COMPANY = (
    "Cierran pedido los jueves; si no se cotiza el miércoles, le compran a otro.",
    "Reciben facturas solo hasta el 25 de cada mes; después toca esperar al siguiente.",
    "Sin número de orden de compra en la factura, la devuelven.",
    "Quedaron de enviar el RUT y la cámara de comercio actualizados.",
    "Compran a tres proveedores; entramos por tiempo de entrega, no por precio.",
    "Comparan precios antes de cada pedido. Llevar la lista del mes.",
    "Piden descuento por pronto pago: 2 % a 8 días.",
    "El presupuesto se les queda corto en noviembre y diciembre; adelantar los pedidos.",
    "Van a centralizar las compras; conviene conocer a quien quede encargado.",
    "Atienden proveedores por la mañana, de 8 a 11.",
    "Venían con otro distribuidor; se pasaron por las demoras en las entregas.",
    "Reclamaron por un faltante en el último pedido; quedó resuelto con nota crédito.",
    "Pagan los viernes por transferencia. Enviar soporte de la factura a tesorería.",
    "En la última visita pidieron muestras de la línea nueva.",
    "Están cambiando de sistema; por ahora los pedidos llegan por correo en Excel.",
    "Les interesa un contrato anual con precio sostenido a seis meses.",
    "Para subir el pedido hay que hablar con gerencia; compras solo repone.",
)
# Only for whoever takes delivery at a shop or a warehouse.
_DOCK = (
    "El conductor y el auxiliar deben entrar con la planilla de seguridad social al día.",
    "Confirmar con bodega la entrega un día antes.",
    "No reciben estibas de más de 1,50 m.",
    "Solo entra turbo o camión sencillo; la calle es angosta.",
    "Descargar por la puerta de atrás.",
    "La decisión es de gerencia, pero quien mueve el pedido es bodega.",
    "Después del 15 de diciembre no reciben mercancía hasta enero.",
)
_COMPANY_WITH_DOCK = _COMPANY + _DOCK
# {owner} is "doña Gladys" or "don Hernán", {Owner} the same at the start of a sentence.
_PERSON = (
    "{Owner} pide por WhatsApp, casi siempre el domingo en la noche.",
    "{Owner} compara precios, pero no cambia de proveedor por cualquier cosa.",
    "Surtido pequeño pero constante: pide todas las semanas.",
    "Visitar después de las 10; antes {owner} está surtiendo.",
    "Cuando {owner} no está, el pedido lo hace la persona de la caja.",
    "Fía bastante en el barrio, por eso prefiere pedidos cortos.",
    "Negocio de familia: atienden entre todos, pero el pedido lo hace {owner}.",
    "Le sirve la entrega temprano, cuando todavía no hay clientela.",
    "Pide que le avisen por WhatsApp cuando el carro vaya en camino.",
    "Está por ampliar el local; preguntar en la próxima visita.",
    "{Owner} compra por relación: no dejar pasar el mes sin visitar.",
    "Compra surtido y poca cantidad: no exigirle pedido mínimo.",
    "Paga con transferencia apenas descargan.",
    "Llevarle el afiche de promociones: es lo primero que pregunta.",
)
# Whoever works alone and has no counter.
_FREELANCE = (
    "{Owner} pide por WhatsApp y paga con transferencia el mismo día.",
    "Compra poco, pero todos los meses. Llamar la primera semana.",
    "Prefiere que le escriban; casi nunca contesta el teléfono.",
    "Pide cotización el mismo día. Si se demora, compra en otra parte.",
    "Recoge en bodega; casi nunca pide domicilio.",
    "{Owner} pidió plazo de 15 días; por ahora, de contado.",
)
_PROSPECT = (
    "Se presentó el portafolio; quedaron de revisar precios esta semana.",
    "Hoy le compran a un distribuidor de la zona. Pidieron cotización de prueba.",
    "Llamar la segunda semana del mes, cuando definen proveedores.",
    "Hay interés, pero piden crédito desde el primer pedido.",
    "Pidieron visita con catálogo; por teléfono no atienden.",
    "Falta la documentación para abrir el crédito: RUT, cámara y estados financieros.",
    "Preguntaron por la línea completa. Quieren empezar con un pedido pequeño.",
    "Les gustó la muestra; falta el visto bueno de gerencia.",
)
_PROSPECT_PERSON = (
    "Hoy le compra a un mayorista de la plaza; pidió lista de precios.",
    "Quedó de hacer un pedido pequeño para probar.",
    "Le interesa si se le despacha todas las semanas.",
    "{Owner} pidió que volviéramos a fin de mes, cuando pague lo del otro proveedor.",
    "Se le dejó catálogo; llamar para recordar.",
)
_INACTIVE = (
    "Dejaron de comprar con el cambio de administración; vale la pena volver a visitar.",
    "Redujeron la operación y hoy compran muy poco. Revisar en enero.",
    "No despachar hasta que se pongan al día con la cartera.",
    "Se fueron por precio; volver a ofrecer en temporada.",
    "No contestan hace meses. Confirmar si siguen en esa dirección.",
)
_INACTIVE_PERSON = (
    "Vendió el negocio; presentarse con los nuevos dueños.",
    "No despachar hasta que se ponga al día con la cartera.",
    "Se pasó a otro proveedor por precio; volver a ofrecer en temporada.",
    "No contesta hace meses. Confirmar si sigue en esa dirección.",
)
_MAKER = (
    "Despachan los martes; la mercancía llega con remisión y la factura al correo.",
    "Sostienen precios por trimestre. Pedido mínimo: una estiba.",
    "Tiempo de entrega de ocho días hábiles; en diciembre, quince.",
)
_SERVICE = (
    "Facturan el último día hábil del mes; enviar la orden antes del 25.",
    "Contrato a un año con renovación en enero. Pedir tres cotizaciones antes de renovar.",
    "Responden el mismo día. Para urgencias, escribir al WhatsApp del asesor.",
)
_PRESCRIBER = (
    "Nos incluye en las especificaciones de sus proyectos; enviar fichas técnicas.",
    "Recomienda nuestra línea a sus clientes. Invitar a las capacitaciones.",
    "Pide muestras para el cuarto de materiales; compra poco, pero recomienda mucho.",
    "Avisar cada referencia nueva: la pone en los planos desde el anteproyecto.",
)
_BY_TRAIT = {
    "works": (
        "Compran por obra: preguntar en qué etapa va antes de cotizar.",
        "Cada obra tiene su residente y su dirección de entrega.",
        "El almacenista recibe hasta las 3; después no hay quien descargue.",
    ),
    "season": (
        "La temporada fuerte es enero; con los colegios de calendario B, también agosto.",
        "Hacen la compra grande entre noviembre y enero.",
    ),
    "farm": (
        "Compran fuerte en época de siembra; el resto del año, solo reposición.",
        "La vía se daña en invierno; confirmar el paso antes de despachar.",
    ),
    "food": (
        "Piden certificado de calidad con cada despacho.",
        "En horas de producción no atienden; llamar antes de ir.",
    ),
    "health": (
        "Piden registro sanitario y fecha de vencimiento mayor a un año.",
        "Hacen el pedido los lunes antes del mediodía.",
    ),
    "lodging": (
        "El pedido sube en puentes festivos y vacaciones.",
        "Ama de llaves escoge las muestras; compras negocia el precio.",
    ),
    "board": (
        "Las compras mayores pasan por el consejo de administración.",
        "Piden tres cotizaciones para todo, hasta para lo pequeño.",
    ),
    "transport": ("La dotación va con logo en el pecho y en la espalda.",),
    "security": ("Renuevan dotación tres veces al año: abril, agosto y diciembre.",),
    "workshop": ("Piden por la mañana para entregar el mismo día.",),
    "online": ("Despachan desde la casa; la entrega debe ser con cita.",),
}


def note(
    rng: random.Random, *, status: Status, traits: AbstractSet[str], owner: str | None,
    category: str, takes_goods: bool,
) -> str | None:  # fmt: skip
    """Draw the note of a client.

    :param owner: "doña Gladys", the person whose business it is; None for a company.
    :param takes_goods: it has a shop or a warehouse where goods are unloaded.
    :returns: one or two sentences, or None: salespeople do not write about everybody.
    """
    if rng.random() < 0.42:
        return None
    pool = _pool(status, owner, category, takes_goods)
    sentences = [rng.choice(pool)]
    if pool in (_COMPANY, _COMPANY_WITH_DOCK):
        own = [text for trait, texts in _BY_TRAIT.items() if trait in traits for text in texts]
        if own and rng.random() < 0.6:
            sentences = [rng.choice(own)]
        if rng.random() < 0.25:
            sentences.append(rng.choice(pool))
    text = " ".join(dict.fromkeys(sentences))
    return text.format(owner=owner, Owner=owner[:1].upper() + owner[1:]) if owner else text


def _pool(status: Status, owner: str | None, category: str, takes_goods: bool) -> tuple[str, ...]:
    match category.split(" > ", 1):
        case ["Proveedor", kind]:
            return _MAKER if kind == "Fabricante" else _SERVICE
        case _ if status == "prospect":
            return _PROSPECT_PERSON if owner else _PROSPECT
        case _ if status == "inactive":
            return _INACTIVE_PERSON if owner else _INACTIVE
        case ["Prescriptor", _]:
            return _PRESCRIBER
        case ["Canal tradicional", _] if owner:
            return _PERSON
        case _ if owner:
            return _FREELANCE
        case _:
            return _COMPANY_WITH_DOCK if takes_goods else _COMPANY
