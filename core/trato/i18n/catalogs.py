"""Looking up translations: the plugin's own first, then core's, then any other plugin's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trato.errors import Message, PluginError
from trato.i18n.po import Plural, PoTexts, read_po

log = logging.getLogger(__name__)

CORE = "core"
#: The language of the message ids, always there.
SOURCE = "en"


def in_sentence(title: str) -> str:
    """Write a title as it stands inside a sentence: "Client", "client"; but "PQR", "PQR"."""
    first = title.partition(" ")[0]
    return title if len(first) > 1 and first.isupper() else f"{title[:1].lower()}{title[1:]}"


@dataclass(frozen=True)
class _Language:
    """All translations into one language."""

    by_domain: Mapping[str, PoTexts]
    #: What core says, else the first plugin that says anything.
    anywhere: PoTexts


class Catalogs:
    """Translate the texts of core and of every plugin.

    :param folders: by domain (the plugin's name, or ``core``) the folder with ``<locale>.po``.

    Files are read on the first use of a language and kept. Threads may share an object: two that
    meet there read the same files twice and keep either result. One that cannot be read translates
    nothing: errors are told through here, so this may not fail itself.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {CORE: folders[CORE]} if CORE in folders else {}
        self._folders.update(folders)
        self._languages: dict[str, _Language] = {}

    def translate(
        self, text: str, locale: str, /, *, domain: str | None = None, **params: Any
    ) -> str:
        """Translate an English text and fill its places; English where nobody translated it.

        :param domain: the plugin that declared the text.
        :param params: values of the places; a Message among them is translated too.
        """
        return self._fill(self._find(text, locale, domain), params, locale, domain=domain)

    def message(self, message: Message, locale: str, *, domain: str | None = None) -> str:
        """Translate a message with its values.

        :param domain: the plugin that declared the text, unless the message names one itself.
        """
        domain = message.domain or domain
        text = self._find(message.text, locale, domain)
        return self._fill(text, message.params, locale, domain=domain)

    def phrase(self, text: str, locale: str, /, *, domain: str | None = None, **nouns: str) -> str:
        """Translate a text about a kind of record, such as "New {title}" about "Branch".

        Only the plugin knows the noun's gender, so it may translate the whole phrase: where its
        catalogue has "New branch" ("Nueva sucursal"), that counts. Otherwise the text's own
        translation, which must do for any gender, is filled with the translated noun.

        :param domain: the plugin that declared the nouns.
        :param nouns: titles of entities, as declared.
        """
        whole = text.format_map({name: in_sentence(noun) for name, noun in nouns.items()})
        found = self._find(whole, locale, domain)
        if found != whole:
            return found
        words = {
            name: in_sentence(self._find(noun, locale, domain)) for name, noun in nouns.items()
        }
        return self._find(text, locale, domain).format_map(words)

    def translate_plural(
        self,
        singular: str,
        plural: str,
        /,
        *,
        count: int,
        locale: str,
        domain: str | None = None,
        **params: Any,
    ) -> str:
        """Translate a text that counts; ``{count}`` is a place of it too."""
        found = self._find_plural(singular, locale, domain)
        if found is not None:
            text = found.form(count)
        else:
            text = singular if abs(count) == 1 else plural
        return self._fill(text, {"count": count, **params}, locale, domain=domain)

    def locales(self) -> tuple[str, ...]:
        """List the languages that any domain is translated into, English among them."""
        found = {path.stem for folder in self._folders.values() for path in folder.glob("*.po")}
        return tuple(sorted(found | {SOURCE}))

    def _find(self, text: str, locale: str, domain: str | None) -> str:
        language = self._languages.get(locale) or self._load(locale)
        own = language.by_domain.get(domain) if domain else None
        if own and (found := own.singulars.get(text)):
            return found
        return language.anywhere.singulars.get(text, text)

    def _find_plural(self, singular: str, locale: str, domain: str | None) -> Plural | None:
        language = self._languages.get(locale) or self._load(locale)
        own = language.by_domain.get(domain) if domain else None
        if own and (found := own.plurals.get(singular)):
            return found
        return language.anywhere.plurals.get(singular)

    def _fill(
        self, text: str, params: Mapping[str, Any], locale: str, *, domain: str | None
    ) -> str:
        if not params:
            return text
        return text.format_map(
            {
                name: self.message(value, locale, domain=domain)
                if isinstance(value, Message)
                else value
                for name, value in params.items()
            }
        )

    def _load(self, locale: str) -> _Language:
        # "es-CO" is read over "es": a country's file needs only what differs.
        code = locale.replace("-", "_")
        codes = dict.fromkeys([code.partition("_")[0], code])
        by_domain: dict[str, PoTexts] = {}
        anywhere = PoTexts()
        for domain, folder in self._folders.items():
            own = by_domain[domain] = PoTexts()
            for part in codes:
                try:
                    read = read_po(folder / f"{part}.po")
                except PluginError as error:
                    log.warning("%s", error)
                    continue
                own.singulars.update(read.singulars)
                own.plurals.update(read.plurals)
            for text, translation in own.singulars.items():
                anywhere.singulars.setdefault(text, translation)
            for text, plural in own.plurals.items():
                anywhere.plurals.setdefault(text, plural)
        language = self._languages[locale] = _Language(by_domain, anywhere)
        return language
