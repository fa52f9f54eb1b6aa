"""A plugin that does not fit is left out with every reason; the host starts without it."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Mapped

from trato import __version__
from trato.entities.base import Entity, Extension, metadata
from trato.entities.fields import day, integer, lookup, ref, text
from trato.hooks import hookimpl
from trato.host import Host
from trato.jobs.declared import Job
from trato.plugin import Menu, Permission, Plugin, Setting, Slot, View
from trato.screens.declared import ListScreen
from trato.settings import Settings
from trato.sync.connector import Connector
from trato.testing.hosts import make_plugin
from trato.testing.specimen import Piece
from trato.testing.specimen import plugin as specimen


def start(*plugins: Plugin) -> Host:
    return Host(Settings(), plugins=[make_plugin("good"), *plugins])


def problems(host: Host) -> list[str]:
    """Give what is wrong; the good plugin must work whatever the others do."""
    assert "good" in host.plugins
    return sorted(map(str, host.problems))


def timed(**when: Any) -> Job:
    return Job(name="visits.count", title="Count", run=lambda ctx: 1, **when)


class Orders(Connector):
    name = "visits.orders"
    title = "Orders"

    def check(self) -> None: ...


class Unfinished(Connector):
    name = "visits.orders"
    title = "Orders"
    timeout = 2  # type: ignore[assignment]
    shows_within = dt.timedelta(seconds=-1)
    needs = "url"


def hooks(name: str, **functions: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update({key: hookimpl(function) for key, function in functions.items()})
    return module


@pytest.fixture
def declared() -> Any:
    """Let a test declare entities, and forget them afterwards."""
    before = set(metadata.tables)
    yield
    for name in set(metadata.tables) - before:
        metadata.remove(metadata.tables[name])


def test_good_plugins_are_all_there_in_order_of_need() -> None:
    host = start(
        make_plugin("leads", depends=["clients"], optional=["quotes"]),
        make_plugin("quotes", depends=["clients"]),
        make_plugin("clients"),
    )

    assert problems(host) == []
    assert list(host.plugins) == ["clients", "good", "quotes", "leads"]


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ({"name": "Visits"}, "Visits: 'Visits' cannot name a plugin: small letters, digits and "
         "underscores."),
        ({"name": "api"}, "api: The name 'api' belongs to the host."),
        ({"version": "one"}, "visits: 'one' is not a version like 1.2.0."),
        ({"requires_host": ">=9"}, f"visits: It requires host >=9; this is {__version__}."),
        ({"requires_host": "new"}, "visits: requires_host 'new' is not a range like >=1.0,<2."),
        ({"depends": ["visits"]}, "visits: It names itself as a dependency."),
        ({"depends": ["clients"]},
         "visits: It needs clients, which is not installed or does not work."),
        ({"depends": "clients"},
         'visits: depends is a text; it is a list of names: ["clients"].'),
        ({"package": "trato_nowhere"}, "visits: Its package 'trato_nowhere' cannot be found."),
        ({"jobs": [timed(at="25:00")]}, "visits: 'visits.count' runs at '25:00', which is no time "
         "of day; write it like 02:30."),
        ({"jobs": [timed(at="2:30")]}, "visits: 'visits.count' runs at '2:30', which is no time "
         "of day; write it like 02:30."),
        ({"jobs": [timed(every=-5)]}, "visits: 'visits.count' runs every '-5' minutes; write a "
         "whole number above 0."),
        ({"jobs": [timed(at="02:30", every=5)]}, "visits: 'visits.count' has both at= and every=, "
         "which are two ways to say when it runs; leave one out."),
        ({"jobs": [timed(attempts=0)]}, "visits: 'visits.count' has attempts=0, with which it "
         "never runs; write 1 or more."),
        ({"entities": ["visits.visit"]}, "visits: Its declarations cannot be read: AttributeError:"
         " 'str' object has no attribute '__entity__'."),
        ({"jobs": [timed(at="02:00"), timed(at="03:00")]},
         "visits: Job 'visits.count' exists twice."),
        ({"settings": [Setting(key="days", label="Days", kind="integer"),
                       Setting(key="days", label="Days", kind="text")]},
         "visits: Setting 'days' exists twice."),
        ({"permissions": [Permission(name="visits.merge", title="A")] * 2},
         "visits: Permission 'visits.merge' exists twice."),
        ({"connectors": [Orders, Orders]}, "visits: Connector 'visits.orders' exists twice."),
        ({"connectors": [Unfinished]},
         "visits: Connector 'visits.orders' has no method 'check', which it must have. "
         "Connector 'visits.orders' has needs='url', which is no list. "
         "Connector 'visits.orders' has timeout=2, which is no span of time; write it like "
         "timedelta(seconds=60). "
         "Connector 'visits.orders' has shows_within=datetime.timedelta(days=-1, seconds=86399), "
         "which is no span of time; write it like timedelta(seconds=60)."),
        ({"jobs": [Job(name="visits.trato_event", title="X", run=print)]},
         "visits: Job 'visits.trato_event' exists twice."),
        ({"permissions": [Permission(name="merge", title="Merge")]},
         "visits: Permission 'merge' does not begin with 'visits.'."),
        ({"screens": [ListScreen("visits.visit")]},
         "visits: A screen shows 'visits.visit', which does not exist."),
        ({"depends": ["specimen"],
          "menus": [Menu(title="A", group="G", path="/specimen/pieces?view=good"),
                    Menu(title="B", group="G", path="/specimen/pieces?view=good")]},
         "visits: Two menu entries lead to '/specimen/pieces?view=good'."),
        ({"menus": [Menu(title="A", group="G", path="/settings/users")]},
         "visits: Menu entry '/settings/users' leads to no list of the plugin, nor of one that its "
         "manifest names."),
        ({"depends": ["specimen"], "menus": [Menu(title="A", group="G", path="https://a.co/x")]},
         "visits: Menu entry 'https://a.co/x' leads to no list of the plugin, nor of one that its "
         "manifest names."),
        ({"settings": [Setting(key="days", label="D", kind="int")]},  # type: ignore[arg-type]
         "visits: Setting 'days' is of the kind 'int', which there is not. Did you mean "
         "'integer'?"),
        *(({"settings": [Setting(key="days", label="D", kind=kind, default=default, minimum=0,
                                 choices=[("a", "A")])]},  # type: ignore[arg-type]
           f"visits: Setting 'days' refuses its own default {default!r}: {reason}")
          for kind, default, reason in (
              ("integer", -5, "At least 0."), ("integer", "5", "'5' is not a whole number."),
              ("decimal", "many", "'many' is not a number."), ("choice", "b",
               "'b' is not one of: a."), ("boolean", 1, "This is true or false, not 1."),
              ("text", 5, "This must be text, not 5; put it in quotes."),
              ("secret", "x", "A secret has no default; everybody who has the code would know it."),
          )),
        ({"slots": [Slot(entity="specimen.piece", columns=[Piece.name])]},
         "visits: A screen shows 'specimen.piece' of a plugin that its manifest does not name: add "
         "'specimen' to depends."),
    ],
)  # fmt: skip
def test_a_wrong_manifest_says_what_is_wrong(manifest: dict[str, Any], problem: str) -> None:
    others = [specimen] if "specimen" in manifest.get("depends", ()) else []

    host = start(*others, make_plugin(**{"name": "visits", **manifest}))

    assert problems(host) == [problem]
    assert list(host.plugins) == ["good", *(other.name for other in others)]


def test_a_manifest_may_say_all_that_is_right() -> None:
    defaults = {"secret": "", "choice": "", "integer": 0, "decimal": "0.5", "boolean": None}

    host = start(make_plugin(
        "visits", menus=[Menu(title="Help", group="G", path="/help/visits")],
        settings=[Setting(key=kind, label="S", kind=kind, default=default,  # type: ignore[arg-type]
                          choices=[("a", "A")]) for kind, default in defaults.items()],
    ))  # fmt: skip

    assert problems(host) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    host = start(make_plugin("Visits", version="x", requires_host=">=9"))

    [problem] = problems(host)
    assert problem.count(".") >= 3
    assert "small letters" in problem
    assert "is not a version" in problem
    assert "It requires host >=9" in problem


def test_who_needs_a_broken_plugin_is_left_out_too() -> None:
    host = start(
        make_plugin("clients", version="x"), make_plugin("leads", depends=["clients"]),
        make_plugin("quotes", depends=["leads"]), make_plugin("pqr", optional=["clients"]),
    )  # fmt: skip

    assert list(host.plugins) == ["good", "pqr"]
    assert problems(host) == [
        "clients: 'x' is not a version like 1.2.0.",
        "leads: It needs clients, which is not installed or does not work.",
        "quotes: It needs leads, which is not installed or does not work.",
    ]


def test_plugins_that_need_each_other_are_left_out_with_the_circle() -> None:
    host = start(
        make_plugin("a", depends=["b"]), make_plugin("b", depends=["c"]),
        make_plugin("c", depends=["a"]), make_plugin("d", depends=["a"]),
    )  # fmt: skip

    found = problems(host)
    assert [problem.partition(":")[0] for problem in found] == ["a", "b", "c", "d"]
    for problem in found[:3]:
        circle = problem.partition("in a circle: ")[2].rstrip(".").split(" → ")
        assert circle[0] == circle[-1]
        for one, needed in itertools.pairwise(circle):
            assert needed == {"a": "b", "b": "c", "c": "a"}[one]
    assert found[3] == "d: It needs a, which is not installed or does not work."


def test_plugins_that_only_like_each_other_both_work() -> None:
    host = start(
        make_plugin("leads", optional=["opportunities"]),
        make_plugin("opportunities", optional=["leads"]),
        make_plugin("quotes", depends=["leads"], optional=["opportunities"]),
    )

    assert problems(host) == []
    assert set(host.plugins) == {"good", "leads", "opportunities", "quotes"}


def test_a_need_comes_first_where_a_liking_goes_the_other_way() -> None:
    host = start(make_plugin("a", depends=["b"]), make_plugin("b", optional=["a"]))

    assert problems(host) == []
    assert list(host.plugins).index("b") < list(host.plugins).index("a")


@pytest.mark.parametrize("times", [2, 3])
def test_plugins_of_one_name_are_all_left_out(times: int) -> None:
    host = start(*(make_plugin("visits", version=f"{n}.0") for n in range(times)))

    assert problems(host) == ["visits: Two plugins are called 'visits'."]
    assert list(host.plugins) == ["good"]


# --- hooks ---------------------------------------------------------------------------------------


def test_a_mistyped_hook_is_refused_with_the_nearest() -> None:
    module = hooks("wrong", trato_record_save=lambda unit, changes: None, trato_xyzzy=lambda: None)

    [problem] = problems(start(make_plugin("visits", hooks=module)))

    assert problem == (
        "visits: There is no hook 'trato_record_save'. Did you mean 'trato_record_saved'? "
        "There is no hook 'trato_xyzzy'."
    )


def test_a_hook_that_is_not_marked_is_refused() -> None:
    module = ModuleType("unmarked")
    module.trato_event = lambda unit, event: None  # type: ignore[attr-defined]
    module.trato_of_my_own = lambda: None  # type: ignore[attr-defined]

    assert problems(start(make_plugin("visits", hooks=module))) == [
        "visits: Function 'trato_event' is called as a hook, but is not marked as one: write "
        "@hookimpl above it."
    ]


def test_a_hook_with_a_wrong_argument_is_refused() -> None:
    module = hooks("wrong", trato_record_saving=lambda unit, records: None)

    [problem] = problems(start(make_plugin("visits", hooks=module)))

    assert problem == (
        "visits: Hook 'trato_record_saving' gives no argument 'records'; it gives: unit, changes."
    )


def test_a_hook_that_raises_loses_its_own_plugin_only() -> None:
    def broken() -> Sequence[Menu]:
        raise KeyError("no such thing")

    host = start(
        make_plugin("visits", hooks=hooks("wrong", trato_menus=broken)),
        make_plugin("routes", permissions=[Permission(name="routes.x", title="X")]),
    )

    assert problems(host) == ["visits: Hook trato_menus failed: KeyError: 'no such thing'"]
    assert list(host.registry.permissions) == ["routes.x"]


def test_nothing_of_a_refused_plugin_stays() -> None:
    module = hooks("wrong", trato_record_saving=lambda unit, changes: None,
                   trato_nonsense=lambda: None)  # fmt: skip
    host = start(
        make_plugin("visits", hooks=module, permissions=[Permission(name="visits.x", title="X")])
    )

    assert host.registry.permissions == {}
    relay = host.registry.relay(frozenset({"good", "visits"}))
    assert relay.trato_record_saving.get_hookimpls() == []


def test_hooks_come_from_the_module_and_the_manifest() -> None:
    more = Permission(name="visits.b", title="B")
    module = hooks("more", trato_permissions=lambda: [more])
    permissions = [Permission(name="visits.a", title="A")]

    host = start(make_plugin("visits", permissions=permissions, hooks=module))

    assert set(host.registry.permissions) == {"visits.a", "visits.b"}


# --- entities ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("declared")
def test_an_entity_belongs_to_its_plugin_and_exists_once() -> None:
    host = start(
        specimen,
        make_plugin("visits", depends=["specimen"], entities=[Piece]),
    )

    assert problems(host) == [
        "visits: Entity 'specimen.piece' does not begin with 'visits.'. "
        "Entity 'specimen.piece' exists twice."
    ]


@pytest.mark.usefixtures("declared")
def test_an_extension_of_an_undeclared_plugin_is_refused() -> None:
    class VisitsPiece(Extension, of=Piece, plugin="visits"):
        note: Mapped[str | None] = text("Note")

    host = start(specimen, make_plugin("visits", extensions=[VisitsPiece]))

    assert problems(host) == [
        "visits: It extends 'specimen.piece' of a plugin that its manifest does not name: add "
        "'specimen' to depends."
    ]


@pytest.mark.usefixtures("declared")
def test_a_forgotten_dependency_is_told_once_without_what_follows_from_it() -> None:
    class NotedPiece(Extension, of=Piece, plugin="visits"):
        note: Mapped[str | None] = text("Note")

    class PieceVisit(Entity, name="visits.visit", title="Visit", titles="Visits", label="subject"):
        subject: Mapped[str] = text("Subject")
        piece_id: Mapped[UUID | None] = ref(Piece, "Piece")

    shown: dict[str, Any] = {
        "slots": [Slot(entity="specimen.piece", columns=["visits.note"])],
        "events": ["specimen.piece.created"],
        "menus": [Menu(title="A", group="G", path="/specimen/pieces", entity="specimen.piece")],
    }
    unnamed = "of a plugin that its manifest does not name: add 'specimen' to depends."

    told = [
        problems(start(specimen, make_plugin("visits", **declared)))
        for declared in ({"extensions": [NotedPiece], **shown}, {"entities": [PieceVisit], **shown},
                         {"events": shown["events"]})
    ]  # fmt: skip

    assert told == [
        [f"visits: It extends 'specimen.piece' {unnamed}"],
        [f"visits: Field 'piece_id' refers to 'specimen.piece' {unnamed}"],
        [f"visits: It hears 'specimen.piece.created' {unnamed}"],
    ]


@pytest.mark.usefixtures("declared")
def test_a_list_of_values_and_a_screens_field_must_exist() -> None:
    class Visit(Entity, name="visits.visit", title="Visit", titles="Visits", label="subject"):
        subject: Mapped[str] = text("Subject")
        town: Mapped[str | None] = lookup("Town", "visits.towns")

    host = start(
        make_plugin("visits", entities=[Visit], screens=[ListScreen(Visit, columns=["subjct"])])
    )

    assert problems(host) == [
        "visits: Field 'town' takes its values from 'visits.towns', which is no list. "
        "A screen of 'visits.visit' names the field 'subjct', which does not exist. "
        "Did you mean 'subject'?"
    ]


def test_a_dependency_that_is_not_named_is_said_once() -> None:
    screens = [ListScreen(entity, columns=["name"]) for entity in ["clients.client"] * 3]

    assert problems(start(make_plugin("visits", screens=screens))) == [
        "visits: A screen shows 'clients.client' of a plugin that its manifest does not name: "
        "add 'clients' to depends."
    ]


@pytest.mark.usefixtures("declared")
def test_what_would_fail_only_when_somebody_opens_it_is_found_at_start() -> None:
    class Wrong(Entity, name="visits.visit", title="Visit", titles="Visits", label="subject",
                parent="subjct"):  # fmt: skip
        subject: Mapped[str] = text("Subject", index=True)
        place: Mapped[str | None] = text("Place")
        minutes: Mapped[int | None] = integer("Minutes")
        updated: Mapped[dt.date | None] = day("Updated")
        piece_id: Mapped[UUID | None] = ref(Piece, "Piece")

    views = [
        View("good", "Good", where={"minutes__gte": 5, "updated__lt": "-90d", "created_by": "me"}),
        View("good-too", "Good", where={"updated": "today", "created_at__lt": "+7d"}),
        View("weeks", "Weeks", where={"created_at__lt": "-9w"}),
        View("op", "Op", where={"minutes__above": 5}),
        View("value", "Value", where={"minutes": "many"}),
        View("order", "Order", sort=["-place"]),
    ]
    [problem] = problems(start(specimen, make_plugin(
        "visits", depends=["specimen"], entities=[Wrong],
        screens=[ListScreen(Wrong, columns=["subject"], sort=["-minutes", "subject"], views=views)],
        menus=[Menu(title="A", group="G", path="/visits/visits?view=goood"),
               Menu(title="B", group="G", path="/visits/vists", entity="visits.visitt"),
               Menu(title="C", group="G", path="/visits/visits?view=good", entity="visits.visit")],
    )))  # fmt: skip

    sortable = "subject, created_at, updated_at"
    cannot = f"Declare the field with index=True, or sort by one of: {sortable}."
    assert problem == (
        "visits: Entity 'visits.visit' says parent='subjct', which is none of its references. "
        "Choose among: piece_id. "
        f"The list of 'visits.visit' cannot be sorted by 'minutes'. {cannot} "
        "View 'weeks' of 'visits.visit' has a wrong condition: Filter 'created_at': '-9w' is not a "
        "moment like 2026-11-22T15:30:00-05:00. "
        "View 'op' of 'visits.visit' has a wrong condition: Field 'minutes' cannot be filtered "
        "with 'above'. It takes: eq, ne, gt, gte, lt, lte, in, isnull. "
        "View 'value' of 'visits.visit' has a wrong condition: Filter 'minutes': 'many' is not a "
        "whole number. "
        f"The list of 'visits.visit' cannot be sorted by 'place'. {cannot} "
        "Menu entry '/visits/visits?view=goood' leads to the view 'goood', which is not declared. "
        "Did you mean 'good'? "
        "Menu entry '/visits/vists' goes by the entity 'visits.visitt', which does not exist. "
        "Did you mean 'visits.visit'? "
        "Menu entry '/visits/vists' leads to no list of the plugin, nor of one that its manifest "
        "names. Did you mean '/visits/visits'?"
    )


# --- installed distributions ---------------------------------------------------------------------

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with a plugin into a folder of the test's own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(name: str, source: str, *, point: str | None = None, target: str = "plugin") -> None:
        made.append(name)
        package = tmp_path / f"trato_{name}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "plugin.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"trato_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: trato-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[trato.plugins]\n{point or name} = trato_{name}.plugin:{target}\n"
        )

    yield make
    for name in made:
        for module in (f"trato_{name}", f"trato_{name}.plugin"):
            sys.modules.pop(module, None)


_PLUGIN = 'from trato.api import Plugin\nplugin = Plugin(name="{name}", title="T", version="1.0")\n'


def of(name: str, host: Host) -> str:
    return next(str(problem) for problem in host.problems if problem.plugin == name)


def test_an_installed_plugin_is_found(install: Install) -> None:
    install("visitas", _PLUGIN.format(name="visitas"))

    host = Host(Settings())

    assert "visitas" in host.plugins
    assert host.registry.folders["visitas"].name == "trato_visitas"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import trato\nimport no_such_module\n",
         "It cannot be imported: ModuleNotFoundError: No module named 'no_such_module' "
         "(plugin.py, line 2)."),
        ("import trato_far_away.api\n",
         "It cannot be imported: ModuleNotFoundError: No module named 'trato_far_away' "
         "(plugin.py, line 1). Install trato-far-away."),
        ("\n\n1 / 0\n", "It cannot be imported: ZeroDivisionError: division by zero "
         "(plugin.py, line 3)."),
        ("def x(:\n", "It cannot be imported: SyntaxError: "),
        ("other = 1\n", "It cannot be imported: AttributeError: "),
        ("plugin = 5\n", "Entry point 'trato_rota.plugin:plugin' is a int, not a Plugin."),
        (_PLUGIN.format(name="visitas"), "The entry point is called 'rota', the plugin 'visitas'; "
         "both must be the same."),
        ("import trato.api as t\n\n\nclass Way(t.Entity, name='rota.way', title='Way', "
         "titles='Ways',\n          label='nmae'):\n    name: t.Mapped[str] = t.text('Name')\n",
         "It cannot be imported: Entity 'rota.way' is labelled by 'nmae', which is none of its "
         "fields. Name one of: name (plugin.py, line 4)."),
        ("import trato.api as t\n\n\nclass Way(t.Entity, name='clients.client', title='Way', "
         "titles='Ways',\n          label='name'):\n    name: t.Mapped[str] = t.text('Name')\n",
         "It cannot be imported: Entity 'clients.client' is declared twice: the table "
         "'clients_client' is there already. Give each entity a name of its own (plugin.py, "
         "line 4)."),
        ("raise SystemExit(3)\n", "It cannot be imported: SystemExit: 3 (plugin.py, line 1)."),
    ],
)  # fmt: skip
def test_a_plugin_that_cannot_be_imported_is_a_problem_and_not_the_end(
    install: Install, source: str, reason: str
) -> None:
    install("rota", source)

    host = Host(Settings())

    assert of("rota", host).startswith(f"rota: {reason}")
    assert "clients" in host.plugins
    assert "rota" not in host.plugins


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('msgid "T"\nmsgstr "Título"\n'.encode("latin-1"), "'utf-8' codec can't decode"),
        (b'msgid "T"\nmsgstr "Titulo\n', "line 2 is 'msgstr \"Titulo'"),
    ],
)
def test_a_plugin_with_broken_translations_is_left_out_and_told_in_words(
    install: Install, tmp_path: Path, content: bytes, reason: str
) -> None:
    install("rota", _PLUGIN.format(name="rota"))
    folder = tmp_path / "trato_rota" / "translations"
    folder.mkdir()
    (folder / "es.po").write_bytes(content)

    host = Host(Settings())

    assert "rota" not in host.plugins
    assert "clients" in host.plugins
    assert of("rota", host).startswith(
        f"rota: The translations {folder / 'es.po'} cannot be read: {reason}"
    )
    [problem] = [problem for problem in host.problems if problem.plugin == "rota"]
    told = [host.catalogs.message(message, "es") for message in problem.messages]
    assert "Corrija el archivo" in told[0]
