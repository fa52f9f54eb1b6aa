"""What the author of a connector writes, and the plain things that it gives and gets."""

from __future__ import annotations

import datetime as dt
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from uuid import UUID

from trato.entities.base import SYSTEM_FIELDS
from trato.entities.view import EntityView
from trato.errors import Message, TratoError
from trato.plugin import Outgoing, entity_name, field_path
from trato.records.convert import to_json
from trato.records.query import Record
from trato.records.unit import Unit
from trato.sync.errors import SyncError
from trato.sync.http import Answer, Http
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A kind of things that the other system has and that become records here.

    :param match: fields by which a thing that is not linked yet finds its record, the surest
        first; several records, or one that is linked already, make it wait for a person.
    :param owns: fields that the other system rules. All other values that it gives are taken for
        new records only: what people wrote here is never overwritten.
    :param new: what becomes of a thing without a record: a new one, a question, nothing.
    :param whole: every pass shows everything, so that what it does not show is gone there. A pass
        that was cut, or that shows nothing at all, makes nothing gone.
    :param gone: what becomes of the record of a thing that is gone.
    """

    name: str
    title: str
    entity: Any
    match: Sequence[Any] = ()
    owns: Sequence[Any] = ()
    new: Literal["create", "review", "skip"] = "create"
    whole: bool = False
    gone: Literal["keep", "archive"] = "keep"

    @property
    def entity_name(self) -> str:
        return entity_name(self.entity)

    @property
    def match_paths(self) -> tuple[str, ...]:
        return tuple(field_path(name) for name in self.match)

    @property
    def owned_paths(self) -> frozenset[str]:
        return frozenset(field_path(name) for name in self.owns)


@dataclass(frozen=True)
class Linked:
    """Stands for a record by its key in the other system, as a value of a reference.

    >>> Item(key="F-17", values={"client_id": Linked("clients.client", "900123456")})
    """

    entity: Any
    key: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """A thing as the other system has it.

    :param key: its key there, which never changes.
    :param values: by field, as REST takes them; a reference may be ``Linked``.
    :param label: what a person calls it; its key otherwise.
    :param removed: the other system has removed it.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A page of a stream.

    :param cursor: where the next page begins: the next page of this pass if there is ``more``, the
        next pass otherwise. Kept together with what the page changed, so nothing is lost or done
        twice when the work is interrupted.
    :param whole: False when the other system shows less than it says it has.
    """

    items: Sequence[Item]
    cursor: str | None = None
    more: bool = False
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Document:
    """A record on its way to the other system.

    :param reference: twelve letters and digits that name this sending and no other; give it to the
        other system, so that ``find`` can ask for it.
    :param action: `archive` when the record went to the recycle bin.
    :param values: by field, as REST gives them; see ``Connector.compose``.
    :param key: the record's key there, once it has one.
    :param linked: by path of a reference, the key there of the record that it names.
    """

    reference: str
    entity: str
    record_id: UUID
    action: Literal["create", "update", "archive"]
    values: Mapping[str, Any]
    key: str | None = None
    linked: Mapping[str, str] = field(default_factory=dict)


class Connector(ABC):
    """Two-way work with one other system; a new object is made for every run.

    Only ``compose`` is called inside a transaction. All others may take their time, and may raise
    anything: a ``SyncError`` says what it means, everything else counts as "no answer".

    >>> class Shop(Connector):
    ...     name, title, every = "acme_shop.shop", _("Acme shop"), 15
    ...     needs = ["url", "token"]
    ...     sends = [Order]
    """

    #: `plugin.connector`
    name: ClassVar[str]
    title: ClassVar[str]
    #: Minutes between runs, or the time of day in the tenant's zone; neither: only when asked.
    every: ClassVar[int | None] = None
    at: ClassVar[str | None] = None
    #: Settings of the plugin without which nothing is tried.
    needs: ClassVar[Sequence[str]] = ()
    #: Entities, or ``Outgoing``, whose records are sent when they are saved.
    sends: ClassVar[Sequence[Any]] = ()
    #: For so long the other system may not yet find what it has taken. Until then a document
    #: without an answer is looked up again, not sent again.
    shows_within: ClassVar[dt.timedelta] = dt.timedelta(minutes=2)
    #: Longest that one call may take.
    timeout: ClassVar[dt.timedelta] = dt.timedelta(seconds=60)

    def __init__(self, *, settings: Mapping[str, Any], http: Http, now: dt.datetime) -> None:
        #: Values of the plugin's settings, secrets too.
        self.settings = settings
        #: Calls the other system, and nobody in the private network unless the operator allows.
        self.http = http
        self.now = now

    @classmethod
    def owned_fields(
        cls, settings: Mapping[str, Any], *, now: dt.datetime
    ) -> dict[str, frozenset[str]]:
        """Gather by entity the fields that the streams own, without calling anybody."""
        if cls.streams is Connector.streams:
            return {}
        found: dict[str, frozenset[str]] = {}
        for stream in cls(settings=settings, http=_Silent(), now=now).streams():
            there = found.get(stream.entity_name, frozenset())
            found[stream.entity_name] = there | stream.owned_paths
        return found

    @abstractmethod
    def check(self) -> None:
        """Ask the other system whether address and keys are right; raise if they are not."""

    def streams(self) -> Sequence[Stream]:
        """Say what can be received; pages ask too, so nobody may be called here."""
        return ()

    def pull(self, stream: Stream, cursor: str | None) -> Batch:
        """Fetch the page of a stream that begins at a cursor; None is its beginning."""
        raise NotImplementedError(f"{self.name} has no stream {stream.name!r}")

    def push(self, document: Document) -> str | None:
        """Send a document.

        :return: its key there; None where the other system takes it without telling, then ``find``
            is asked for it.
        :raises RemoteRefused: when the document is wrong and shall not be sent again as it is.
        """
        raise NotImplementedError(f"{self.name} sends nothing")

    def find(self, reference: str) -> str | None:
        """Look a document up by our reference; None when the other system has none such."""
        raise NotImplementedError(f"{self.name} sends nothing")

    def compose(self, unit: Unit, record: Record) -> Mapping[str, Any]:
        """Gather what is sent of a record; the only method that may read records.

        All its fields but those that say when and by whom it was written, unless you say
        otherwise; what you give must fit into JSON. The same values are not sent twice.
        """
        fields = unit.view.entity(record.entity).fields
        return {
            path: to_json(fields[path], value)
            for path, value in record.values.items()
            if path not in SYSTEM_FIELDS
        }

    def explain(self, error: Exception) -> Message:
        """Say in words for people what an error means and what to do."""
        if isinstance(error, TratoError):
            return joined_hint(error)
        return Message(
            _("The other system, or what connects to it, failed: {error}."),
            {"error": f"{type(error).__name__}: {error}"[:300]},
        )


class _Silent(Http):
    """Given to a connector that is only asked what it declares."""

    def call(self, method: str, url: str, **options: Any) -> Answer:
        raise RuntimeError("streams() must not call the other system")


def joined_hint(error: TratoError) -> Message:
    """Make one message of an error's fact and its hint."""
    if not error.hint.text:
        return error.message
    return Message("{fact} {hint}", {"fact": error.message, "hint": error.hint})


def outgoing(connector: type[Connector]) -> list[Outgoing]:
    """Give what a connector sends, each as ``Outgoing``."""
    return [s if isinstance(s, Outgoing) else Outgoing(entity=s) for s in connector.sends]


def canonical(values: Mapping[str, Any]) -> str:
    """Write values as one text that is the same for the same values.

    :raises SyncError: when they do not fit into JSON.
    """
    try:
        return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except TypeError as error:
        raise SyncError(
            _("The connector gave a value that does not fit into JSON: {error}."),
            error=str(error),
        ) from error


def reference_paths(entity: EntityView) -> dict[str, str]:
    """Give the fields of an entity that refer to records, with their targets."""
    return {f.path: f.target for f in entity.fields.values() if f.kind == "ref" and f.target}
