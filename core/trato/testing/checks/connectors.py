"""Certification of a connector against its own double of the other system, in four lines:

>>> class TestShop(ConnectorChecks):
...     connector = "acme_shop.shop"
...     double = ShopDouble
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import func, select

from trato.db.engine import transaction
from trato.records.sync_tables import link
from trato.records.tables import audit
from trato.sync import outgoing, review
from trato.sync.connector import Connector
from trato.sync.connector import outgoing as sent_by
from trato.testing.checks.base import OFF, switched_off
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.remote import READING, Fault, RemoteDouble
from trato.testing.samples import create_sample
from trato.testing.syncing import outgoing_rows, run_of, set_up, sync

#: Faults while a document is sent; after each of them there must be one document there.
SENDING: tuple[Fault, ...] = ("lost", "error after", "cut", "error", "busy", "denied")
#: How many things the double is given: enough for several pages.
_STOCK = 25


class ConnectorChecks:
    """What the host promises of a connector, tried with a real server that fails on purpose."""

    #: `plugin.connector`
    connector: ClassVar[str] = ""
    double: ClassVar[type[RemoteDouble]]
    #: Entity name to values that its records must have to be valid and to be sent.
    samples: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @pytest.fixture
    def remote(self) -> Iterator[RemoteDouble]:
        """Run the other system."""
        with self.double() as double:
            yield double

    @pytest.fixture
    def company(self, tenant: Company, remote: RemoteDouble, clock: SettableClock) -> Company:
        """Set the connector up for a company."""
        del clock  # it is set right afterwards
        set_up(tenant, self.plugin, remote.settings())
        return tenant

    @property
    def plugin(self) -> str:
        """The plugin whose connector it is."""
        return self.connector.partition(".")[0]

    # --- asking ----------------------------------------------------------------------------------

    def test_a_check_finds_good_settings_good(self, company: Company, remote: RemoteDouble) -> None:
        checked = sync(company, self.connector, only="check")

        assert checked["problem"] is None
        assert remote.requests, "check() has not asked the other system anything"

    @pytest.mark.parametrize("fault", ["denied", "error", "cut"])
    def test_a_check_says_what_is_wrong(
        self, company: Company, remote: RemoteDouble, fault: Fault
    ) -> None:
        remote.fail(fault, times=9, on=("GET", "HEAD", "POST", "PUT"))

        checked = sync(company, self.connector, only="check")

        assert checked["problem"] is not None
        assert checked["problem"]["text"]

    def test_without_settings_nothing_is_called(
        self, tenant: Company, remote: RemoteDouble
    ) -> None:
        made = self._made(tenant)
        assert made.needs, "needs names the settings without which the connector cannot work"

        ran = sync(tenant, self.connector)

        assert ran["problem"] is not None
        assert remote.requests == []

    def test_secrets_are_kept_out_of_what_is_told(
        self, company: Company, remote: RemoteDouble
    ) -> None:
        declared = company.host.registry.settings
        secrets = [
            str(value) for key, value in remote.settings().items()
            if declared[self.plugin, key].kind == "secret"
        ]  # fmt: skip
        remote.fail("denied", times=99, on=("GET", "POST", "PUT", "PATCH", "DELETE"))

        told = str(sync(company, self.connector)) + str(outgoing_rows(company, self.connector))

        assert not [secret for secret in secrets if secret in told]

    @pytest.mark.parametrize("off", OFF)
    def test_a_shut_gate_stops_it_and_keeps_what_waits(
        self, company: Company, remote: RemoteDouble, clock: SettableClock, off: str
    ) -> None:
        sends = bool(sent_by(self._made(company)))
        if sends:
            self._save(company)
        waiting = outgoing_rows(company, self.connector)

        with switched_off(company, self.plugin, off):
            sync(company, self.connector)
            company.run_queued()
            assert remote.requests == []
            assert outgoing_rows(company, self.connector) == waiting

        if sends:
            self._send_patiently(company, clock)
            self._arrived_once(company, remote)
        else:
            assert sync(company, self.connector)["problem"] is None

    # --- sending ---------------------------------------------------------------------------------

    def test_a_saved_record_arrives_once(self, company: Company, remote: RemoteDouble) -> None:
        self._save(company)

        sync(company, self.connector, only="send")
        sync(company, self.connector, only="send")

        self._arrived_once(company, remote)

    @pytest.mark.parametrize("fault", SENDING)
    def test_a_fault_while_sending_makes_no_duplicate(
        self, company: Company, remote: RemoteDouble, clock: SettableClock, fault: Fault
    ) -> None:
        self._save(company)
        remote.fail(fault)

        self._send_patiently(company, clock)

        self._arrived_once(company, remote)

    def test_a_worker_killed_after_the_call_makes_no_duplicate(
        self, company: Company, remote: RemoteDouble, clock: SettableClock
    ) -> None:
        self._save(company)
        run = run_of(company, self.connector)
        claimed = outgoing.claim(run)
        assert claimed is not None
        outgoing.deliver(run, claimed)  # and dies before it records that

        self._send_patiently(company, clock)

        self._arrived_once(company, remote)

    def test_a_system_that_is_off_loses_nothing(
        self, company: Company, remote: RemoteDouble, clock: SettableClock
    ) -> None:
        self._save(company)
        remote.switch_off()

        ran = sync(company, self.connector, only="send")
        waiting = [row.state for row in outgoing_rows(company, self.connector)]
        remote.switch_on()
        self._send_patiently(company, clock)

        assert ran["problem"] is not None
        assert waiting == ["pending"]
        self._arrived_once(company, remote)

    # --- receiving -------------------------------------------------------------------------------

    def test_everything_is_received_once_and_a_second_time_changes_nothing(
        self, company: Company, remote: RemoteDouble
    ) -> None:
        self._stock(company, remote)

        first = sync(company, self.connector, only="receive")
        before = self._written(company)
        second = sync(company, self.connector, only="receive")

        assert first["problem"] is None
        found = self._found(company, first["streams"])
        assert found >= _STOCK, (
            f"of {_STOCK} things of the double {found} found their place: "
            + self._told(company, first["streams"])
        )
        assert second["problem"] is None
        assert self._written(company) == before

    @pytest.mark.parametrize("fault", ["cut", "lost", "error", "busy"])
    def test_a_pass_that_is_cut_loses_nothing_and_makes_nothing_gone(
        self, company: Company, remote: RemoteDouble, fault: Fault
    ) -> None:
        self._stock(company, remote)
        sync(company, self.connector, only="receive")
        before, linked = self._written(company), self._linked(company)
        answer, asked = remote.answer, [0]

        def fail_after_the_first(request: Any) -> Any:
            asked[0] += 1
            if asked[0] == 1:
                remote.fail(fault, on=READING)
            return answer(request)

        remote.answer = fail_after_the_first  # type: ignore[method-assign]
        sync(company, self.connector, only="receive")
        after_cut = self._written(company)
        remote.mend()
        whole = sync(company, self.connector, only="receive")

        assert after_cut == before
        assert whole["problem"] is None
        assert self._written(company) == before
        assert self._linked(company) == linked

    def test_what_is_received_is_not_sent_back(
        self, company: Company, remote: RemoteDouble
    ) -> None:
        self._stock(company, remote)

        sync(company, self.connector)

        assert outgoing_rows(company, self.connector) == []

    def test_what_people_wrote_is_not_overwritten(
        self, company: Company, remote: RemoteDouble
    ) -> None:
        self._stock(company, remote)
        sync(company, self.connector, only="receive")
        tried = 0
        for stream in run_of(company, self.connector).connector.streams():
            entity, free = stream.entity_name, self._free_text(company, stream)
            with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
                record = db.execute(
                    select(link.c.record_id).where(
                        link.c.tenant_id == company.id, link.c.entity == entity
                    ).limit(1)
                ).scalar()  # fmt: skip
            if record is None or free is None:
                continue
            with company.unit() as unit:
                unit.records.update(entity, record, {free: "escrito por una persona"})

            sync(company, self.connector, only="receive")

            with company.unit(read=True) as unit:
                assert unit.records.get(entity, record)[free] == "escrito por una persona"
            tried += 1
        if not tried:
            pytest.skip("no stream leaves a text to people")

    # --- parts -----------------------------------------------------------------------------------

    def _made(self, company: Company) -> type[Connector]:
        found: type[Connector] = company.host.registry.connectors[self.connector]
        return found

    def _save(self, company: Company) -> UUID:
        """Make a record that is sent, or skip where the connector sends nothing."""
        sends = sent_by(self._made(company))
        if not sends:
            pytest.skip("it sends nothing")
        entity = sends[0].entity
        name = entity if isinstance(entity, str) else entity.__entity__.name
        with company.unit() as unit:
            made: UUID = create_sample(unit, name, dict(self.samples.get(name, {}))).id
        rows = [row.record_id for row in outgoing_rows(company, self.connector)]
        assert rows == [made], "say in samples what a record needs to be sent"
        return made

    def _send_patiently(self, company: Company, clock: SettableClock) -> None:
        """Run as often, and wait as long, as a fault may need."""
        made = self._made(company)
        for _attempt in range(4):
            sync(company, self.connector, only="send")
            clock.advance(seconds=(made.shows_within + made.timeout).total_seconds() + 120)

    def _arrived_once(self, company: Company, remote: RemoteDouble) -> None:
        (row,) = outgoing_rows(company, self.connector)
        assert list(remote.held()) == [row.reference]
        assert row.state == "confirmed"
        assert row.remote_key

    def _stock(self, company: Company, remote: RemoteDouble) -> None:
        """Give the double something to show, or skip where the connector receives nothing."""
        if not run_of(company, self.connector).connector.streams():
            pytest.skip("it receives nothing")
        remote.stock(_STOCK)

    def _found(self, company: Company, told: Mapping[str, Mapping[str, int]]) -> int:
        """Count the things that are where their streams want them.

        Where a stream creates nothing, that is the tray in which they wait, or nowhere.
        """
        places = {"create": (), "review": ("review",), "skip": ("skipped",)}
        return sum(
            told.get(stream.name, {}).get(outcome, 0)
            for stream in run_of(company, self.connector).connector.streams()
            for outcome in ("created", "linked", *places[stream.new])
        )

    def _told(self, company: Company, told: Mapping[str, Mapping[str, int]]) -> str:
        """Say what became of the double's things, and why some wait for a person."""
        lines = [
            f"stream {name}: " + (", ".join(f"{n} {what}" for what, n in counts.items()) or "none")
            for name, counts in told.items()
        ]
        with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
            waiting = review.waiting(db, company.id, connector=self.connector)
        why = Counter(
            (item.stream, str(reason)) for item in waiting for reason in item.reasons
        )  # fmt: skip
        lines += [f"{n} of {stream} wait: {reason}" for (stream, reason), n in why.items()]
        return "\n".join(lines)

    def _written(self, company: Company) -> int:
        """Count what was ever written of the company's records."""
        with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
            return db.execute(
                select(func.count()).select_from(audit).where(audit.c.tenant_id == company.id)
            ).scalar_one()

    def _linked(self, company: Company) -> int:
        with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
            return db.execute(
                select(func.count()).select_from(link)
                .where(link.c.tenant_id == company.id, link.c.missing_at.is_(None))
            ).scalar_one()  # fmt: skip

    def _free_text(self, company: Company, stream: Any) -> str | None:
        """Find a text of the entity that the other system does not rule."""
        fields = company.view.entity(stream.entity_name).fields.values()
        taken = stream.owned_paths | set(stream.match_paths)
        return next(
            (f.path for f in fields
             if f.kind == "text" and not f.unique and f.source == "native" and not f.choices
             and not f.readonly and f.path not in taken and f.options is None),
            None,
        )  # fmt: skip
