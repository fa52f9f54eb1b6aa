"""Words and formats of the reader's language.

Owns looking up translations, writing and reading numbers, dates and money, and the check that
nothing is left untranslated. Declared texts stay English everywhere else; here they become what
a person reads.
"""

from __future__ import annotations

from trato.i18n.catalogs import Catalogs, in_sentence
from trato.i18n.extraction import extract
from trato.i18n.formats import Formats
from trato.i18n.po import missing
from trato.i18n.typed_dates import DateOrder

__all__ = ["Catalogs", "DateOrder", "Formats", "extract", "in_sentence", "missing"]
