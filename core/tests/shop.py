"""A connector to a shop, and the shop: what the tests of synchronisation work with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from trato.plugin import Outgoing, Plugin, Setting
from trato.sync.connector import Batch, Connector, Document, Item, Linked, Stream
from trato.testing.hosts import make_plugin
from trato.testing.remote import RemoteDouble, Reply, Request
from trato.testing.specimen import Label, Piece, Shelf

SHOP = "shop.pieces"
TOKEN = "un-secreto-de-la-tienda"
PAGE = 3


class Shop(Connector):
    """Sends pieces, receives pieces and labels."""

    name, title, every = SHOP, "Shop", 15
    needs: ClassVar[Sequence[str]] = ["url", "token"]
    sends: ClassVar[Sequence[Any]] = [Outgoing(entity=Piece, when=lambda c: c["name"] != "draft")]
    shows_within = dt.timedelta(seconds=40)

    def check(self) -> None:
        self._get("/me")

    def streams(self) -> Sequence[Stream]:
        return [
            Stream(name="pieces", title="Pieces", entity=Piece, match=[Piece.code],
                   owns=[Piece.price], whole=True, gone="archive"),
            Stream(name="news", title="News", entity=Piece, match=[Piece.code],
                   owns=[Piece.price, Piece.is_rare, Piece.marks, "custom.canal"]),
            Stream(name="labels", title="Labels", entity=Label, owns=[Label.wording]),
        ]  # fmt: skip

    def pull(self, stream: Stream, cursor: str | None) -> Batch:
        answer = self._get(f"/{stream.name}", after=cursor or "0").json()
        return Batch(
            items=[self._item(stream, row) for row in answer["rows"]], cursor=answer["next"],
            more=answer["more"], whole=answer.get("whole", True),
        )  # fmt: skip

    def _item(self, stream: Stream, row: Mapping[str, Any]) -> Item:
        values = {k: v for k, v in row.items() if k not in ("key", "removed", "piece")}
        if stream.name == "labels":
            values["piece_id"] = Linked(Piece, row["piece"])
        return Item(key=row["key"], values=values, label=row.get("name", ""),
                    removed=row.get("removed", False))  # fmt: skip

    def push(self, document: Document) -> str | None:
        body = {"reference": document.reference, "key": document.key, "action": document.action,
                "name": document.values["name"], "linked": dict(document.linked)}  # fmt: skip
        answer = self.http.post(
            f"{self.settings['url']}/documents", json=body, headers=self._headers()
        )
        key: str | None = answer.check().json()["key"]
        return key

    def find(self, reference: str) -> str | None:
        found: str | None = self._get("/documents", reference=reference).json()["key"]
        return found

    def _get(self, path: str, **params: str) -> Any:
        return self.http.get(
            f"{self.settings['url']}{path}", params=params, headers=self._headers()
        ).check()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings['token']}"}


class ShopDouble(RemoteDouble):
    """Keeps documents as it gets them: who sends one twice finds it there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: list[dict[str, Any]] = []
        self.streams: dict[str, list[dict[str, Any]]] = {"pieces": [], "news": [], "labels": []}
        #: Takes documents without telling their keys, and shows them only when it is told to.
        self.silent = False
        self.blind = False
        self.whole = True
        self.refused: str | None = None

    def settings(self) -> Mapping[str, Any]:
        return {"url": self.url, "token": TOKEN}

    def held(self) -> Sequence[str]:
        return [document["reference"] for document in self.documents]

    def stock(self, count: int) -> None:
        first = len(self.streams["pieces"]) + 1
        for number in range(first, first + count):
            row = {"key": f"P{number}", "name": f"Pieza {number}", "code": f"C-{number}",
                   "price": f"{number}.00"}  # fmt: skip
            self.streams["pieces"].append(row)

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"error": f"bad token {request.headers.get('authorization')}"}, 401)
        if request.path == "/me":
            return Reply({"ok": True})
        if request.path == "/documents":
            return self._take(request) if request.method == "POST" else self._find(request)
        return self._page(self.streams[request.path[1:]], int(request.query["after"]))

    def _take(self, request: Request) -> Reply:
        if self.refused is not None:
            return Reply({"error": self.refused}, 422)
        self.documents.append(request.json)
        key = request.json["key"] or f"D{len(self.documents)}"
        self.documents[-1]["key"] = key
        return Reply({"key": None if self.silent else key})

    def _find(self, request: Request) -> Reply:
        keys = [d["key"] for d in self.documents if d["reference"] == request.query["reference"]]
        return Reply({"key": None if self.blind else next(iter(keys), None)})

    def _page(self, rows: list[dict[str, Any]], after: int) -> Reply:
        end = after + PAGE
        return Reply({"rows": rows[after:end], "next": str(min(end, len(rows))),
                      "more": end < len(rows), "whole": self.whole})  # fmt: skip


SETTINGS = (
    Setting(key="url", label="Address", kind="text"),
    Setting(key="token", label="Token", kind="secret"),
)
plugin: Plugin = make_plugin("shop", depends=["specimen"], settings=SETTINGS, connectors=[Shop])
__all__ = ["SHOP", "TOKEN", "Label", "Piece", "Shelf", "Shop", "ShopDouble", "plugin"]
