"""Everything that is promised to plugin authors. What is not here may change without a word."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from trato.access.actor import Actor
from trato.db.types import new_id
from trato.entities.base import Entity, Extension, metadata
from trato.entities.duplicates import Alike, Same
from trato.entities.fields import (
    Choice,
    Shown,
    boolean,
    choice,
    choices,
    day,
    decimal,
    email_address,
    integer,
    longtext,
    lookup,
    moment,
    money,
    phone_number,
    ref,
    tag_list,
    text,
    web_address,
)
from trato.errors import (
    ConfigError,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    Message,
    NotFound,
    TratoError,
)
from trato.hooks import hookimpl
from trato.host import Host
from trato.jobs.declared import Job, JobContext, Temporary, job
from trato.plugin import (
    Children,
    Command,
    Demo,
    Menu,
    OptionList,
    Outgoing,
    Panel,
    Permission,
    Plugin,
    Section,
    Setting,
    Slot,
    Timeline,
    TimelineEntry,
    View,
    When,
)
from trato.records.changes import Change
from trato.records.events import Event
from trato.records.query import Filter, Page, Query, Record
from trato.records.records import Outcome, Records
from trato.records.unit import Unit
from trato.screens.declared import FormScreen, ListScreen
from trato.sync.connector import Batch, Connector, Document, Item, Linked, Stream
from trato.sync.errors import (
    RemoteBusy,
    RemoteDenied,
    RemoteRefused,
    RemoteUnanswered,
    RemoteUnreachable,
    SyncError,
)
from trato.tenancy.view import TenantView
from trato.text import _

__all__ = [
    "UUID",
    "Actor",
    "Alike",
    "Batch",
    "Change",
    "Children",
    "Choice",
    "Command",
    "ConfigError",
    "Conflict",
    "Connector",
    "Demo",
    "Document",
    "DomainError",
    "Entity",
    "Event",
    "Extension",
    "Filter",
    "Forbidden",
    "FormScreen",
    "Host",
    "Invalid",
    "Item",
    "Job",
    "JobContext",
    "Linked",
    "ListScreen",
    "Mapped",
    "Menu",
    "Message",
    "NotFound",
    "OptionList",
    "Outcome",
    "Outgoing",
    "Page",
    "Panel",
    "Permission",
    "Plugin",
    "Query",
    "Record",
    "Records",
    "RemoteBusy",
    "RemoteDenied",
    "RemoteRefused",
    "RemoteUnanswered",
    "RemoteUnreachable",
    "Same",
    "Section",
    "Setting",
    "Shown",
    "Slot",
    "Stream",
    "SyncError",
    "Temporary",
    "TenantView",
    "Timeline",
    "TimelineEntry",
    "TratoError",
    "Unit",
    "View",
    "When",
    "_",
    "boolean",
    "choice",
    "choices",
    "day",
    "decimal",
    "email_address",
    "hookimpl",
    "integer",
    "job",
    "longtext",
    "lookup",
    "metadata",
    "moment",
    "money",
    "new_id",
    "phone_number",
    "ref",
    "tag_list",
    "text",
    "web_address",
]
