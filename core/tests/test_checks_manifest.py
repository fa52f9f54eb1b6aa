"""The generated checks of a manifest say what to do, and leave nothing of it out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trato.i18n import missing
from trato.plugin import Plugin
from trato.testing.checks.base import installed
from trato.testing.checks.manifest import ManifestChecks

TEXTS = [f"Of this plugin alone, number {number}" for number in range(30)]
TEXTS += ['It\'s "quoted"\\', "Two lines:\n{name}.", "A tab\there"]


class Checks(ManifestChecks):
    plugin = "colombia"
    folder = Path()

    def _folder(self) -> Path:
        return self.folder


def test_all_texts_are_printed_as_lines_to_fill_in(tmp_path: Path) -> None:
    lines = "".join(f"    _({text!r})\n" for text in TEXTS)
    (tmp_path / "plugin.py").write_text(f"def told(_):\n{lines}", "utf-8")
    (tmp_path / "translations").mkdir()
    checks = Checks()
    checks.folder = tmp_path

    with pytest.raises(pytest.fail.Exception, match="33 texts are missing in ") as said:
        checks.test_every_text_is_translated()

    told = str(said.value).partition("\n\n")[2]
    assert told.count('msgstr ""') == len(TEXTS)
    head = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    filled = head + told.replace('msgstr ""', 'msgstr "Listo"')
    (tmp_path / "translations" / "es.po").write_text(filled, "utf-8")
    # A translation names the places of its text, and of this one the test's does not.
    assert missing(tmp_path / "translations", TEXTS, locale="es") == {"Two lines:\n{name}."}


def test_a_lacking_requirement_says_what_to_do_after_setup_cfg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: Plugin = replace(installed().plugins["colombia"], depends=["clients", "visits"])
    monkeypatch.setattr(Checks, "manifest", made)

    with pytest.raises(AssertionError) as said:
        Checks().test_needed_plugins_are_required_by_the_distribution()

    assert "trato-colombia does not require trato-visits." in str(said.value)
    assert "run `pip install -e .` again" in str(said.value)
