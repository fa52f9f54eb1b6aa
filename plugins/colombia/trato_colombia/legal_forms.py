"""Legal forms of Colombian companies, as people write them behind a name.

Código de Comercio (books 2), Ley 222 of 1995 and Ley 1258 of 2008 (S.A.S.); Ley 454 of 1998 for
what belongs to its members, Ley 1901 of 2018 for companies of common benefit (BIC).
"""

from __future__ import annotations

#: In small plain letters and without dots; of several words where they are written apart.
LEGAL_FORMS = (
    "sas", "s a s", "sa", "s a", "bic", "ltda", "limitada", "cia ltda", "y cia ltda",
    "y cia", "y compania", "cia", "compania limitada", "eu", "e u", "empresa unipersonal", "en c",
    "s en c", "sen c", "y cia s en c", "y cia s c a", "sca", "s c a", "s en c a", "s en c s", "scs",
    "esp", "e s p", "sa esp", "s a e s p", "sas esp", "ese", "e s e", "eice", "sem", "ips", "esal",
    "en liquidacion", "en reorganizacion", "sucursal colombia", "zona franca sas", "zomac",
    "sociedad por acciones simplificada", "sociedad anonima", "en reestructuracion",
)  # fmt: skip
