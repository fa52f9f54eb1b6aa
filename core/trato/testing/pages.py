"""Pages as tests read them: elements, texts, and the fields of forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)


@dataclass(eq=False)
class Element:
    """An element of a page with what it holds."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    parts: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, blanks as one."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()
                yield " "

    def walk(self) -> Iterator[Element]:
        """Give the elements in it, in order."""
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part.walk()

    def all(self, tag: str = "", css: str = "", **attrs: str) -> list[Element]:
        """Give the elements with a tag, a class, and attributes (`data_label`, `class_`)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attrs.items()}
        return [
            element
            for element in self.walk()
            if (not tag or element.tag == tag)
            and (not css or css in element.attrs.get("class", "").split())
            and all(element.attrs.get(key) == value for key, value in wanted.items())
        ]

    def one(self, tag: str = "", css: str = "", **attrs: str) -> Element:
        """Give the only such element.

        :raises LookupError: when there is none, or more than one.
        """
        found = self.all(tag, css, **attrs)
        if len(found) != 1:
            raise LookupError(f"{len(found)} elements {tag} .{css} {attrs}")
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(made)
        if tag not in _VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in [element.tag for element in self._open]:
            raise ValueError(f"</{tag}> closes nothing")
        while self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


class Page(Element):
    """An answer's page."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        super().__init__("", {}, reader.root.parts)

    @property
    def title(self) -> str:
        """The heading of the content."""
        return self.one("h1").text

    def form(self, action: str) -> dict[str, list[str]]:
        """Give what the form with an address would send as it stands."""
        return sent_by(self.one("form", action=action))

    def error_of(self, name: str) -> str:
        """Give what is said to be wrong with a field."""
        found = self.all("div", id=f"f-{name.replace('.', '-')}-error")
        return found[0].text if found else ""

    def rows(self) -> list[list[str]]:
        """Give the texts of the rows of a list."""
        return [[cell.text for cell in row.parts if isinstance(cell, Element)]
                for row in self.all("tr", "t-row")]  # fmt: skip

    def chips(self) -> list[str]:
        """Give the active filters in words."""
        return [chip.text for chip in self.all("li", "t-chip")]


def page_of(answer: TestResponse) -> Page:
    """Read the page of an answer."""
    return Page(answer.text)


def sent_by(form: Element) -> dict[str, list[str]]:
    """Give what a form would send as it stands, without the values of its buttons."""
    sent: dict[str, list[str]] = {}
    for control in form.walk():
        name = control.attrs.get("name")
        if not name or "disabled" in control.attrs:
            continue
        kind = control.attrs.get("type", "text")
        if control.tag == "select":
            options = control.all("option")
            chosen = [option for option in options if "selected" in option.attrs] or options[:1]
            for option in chosen:
                sent.setdefault(name, []).append(option.attrs.get("value", option.text))
        elif control.tag == "textarea":
            text = "".join(part for part in control.parts if isinstance(part, str))
            sent.setdefault(name, []).append(text)
        elif control.tag == "input" and (
            kind not in ("checkbox", "radio") or "checked" in control.attrs
        ):
            sent.setdefault(name, []).append(control.attrs.get("value", ""))
    return sent
