"""What members are told, as they choose: in the application, by letter at once or once a day."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from trato import membership
from trato.access.actor import Actor
from trato.access.store import set_regional
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.claiming import Claim
from trato.jobs.worker import Worker
from trato.records import marks, notes, notice_choices, notices
from trato.records import unit as units
from trato.records.notice_choices import USUAL, Choices, Way
from trato.records.notices import MAIL
from trato.records.tables import notice
from trato.settings import Settings
from trato.tenancy.tables import task as tasks
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.testing.mail import Mailbox, mail_server
from trato.testing.pages import page_of

CLIENT = "clients.client"
PAGE = "/account/notices"
#: Ten in the morning in Bogotá.
MORNING = dt.datetime(2027, 3, 1, 15, tzinfo=dt.UTC)

pytestmark = pytest.mark.plugins("clients")


@dataclass(frozen=True, kw_only=True)
class Office:
    """A company whose letters go to a server of this machine, and two who work there."""

    company: Company
    host: Host
    box: Mailbox
    clock: SettableClock
    ana: Actor
    luz: Actor

    def client(self, **values: object) -> UUID:
        with self.company.unit(self.ana) as unit:
            return unit.records.create(CLIENT, {"name": "Ñandú"} | values).id

    def mention(self, record: UUID, text: str = "Mira esto") -> None:
        """Let Ana name Luz in a note."""
        assert self.luz.member is not None
        with self.company.unit(self.ana) as unit:
            said = f"@[{self.luz.member.name}]({self.luz.member_id}) {text}"
            notes.write(unit, unit.view.entity(CLIENT), record, said)

    def choose(self, **ways: Way) -> None:
        """Let Luz choose, without quiet hours."""
        self.keep(Choices(ways={**USUAL.ways, **ways}))

    def keep(self, choices: Choices) -> None:
        assert self.luz.member_id is not None
        with transaction(self.host.engine, tenant_id=self.company.id) as connection:
            notice_choices.save(connection, self.company.id, self.luz.member_id, choices)

    def waiting(self) -> list[queue.Task]:
        with transaction(self.host.engine, tenant_id=self.company.id, read=True) as connection:
            return queue.tasks(connection, self.company.id, job=MAIL, states=("queued",))

    def pass_time(self, **span: float) -> list[EmailMessage]:
        """Let time go by, do what is due by then, and give the letters that came."""
        self.clock.advance(**span)
        worker = Worker(host=self.host, name="test")
        while due := [t for t in self.waiting() if t.run_at <= self.host.clock()]:
            for task in due:
                worker.run_task(Claim(tenant_id=self.company.id, task_id=task.id))
        letters = []
        while not self.box.letters.empty():
            letters.append(self.box.next())
        return letters

    def bell(self) -> list[str]:
        with self.company.unit(self.luz, read=True) as unit:
            return [notice.kind for notice in notices.read(unit)]


@pytest.fixture
def office(
    tenant: Company, database: Database, make_settings: Callable[[Database], Settings],
    clock: SettableClock,
) -> Iterator[Office]:  # fmt: skip
    clock.set(MORNING)
    with mail_server() as box:
        settings = replace(
            make_settings(database), smtp_url=box.url, mail_from="trato@acme.example",
            public_url="https://crm.acme.example",
        )  # fmt: skip
        host = Host(settings, clock=clock)
        ana = tenant.member("admin", name="Ana Ruiz")
        luz = tenant.member("admin", name="Luz Mora")
        yield Office(company=tenant, host=host, box=box, clock=clock, ana=ana, luz=luz)
        host.close()


def body(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_mention_is_written_once_within_minutes(office: Office) -> None:
    record = office.client()
    office.mention(record)

    [letter] = office.pass_time(minutes=3)

    assert letter["To"] == office.luz.member.email  # type: ignore[union-attr]
    assert letter["Subject"] == "Ana Ruiz lo mencionó en Ñandú"
    assert f"https://crm.acme.example/clients/clients/{record}" in body(letter)
    assert f"https://crm.acme.example{PAGE}" in body(letter)
    assert office.pass_time(days=2) == []
    assert office.bell() == ["mention"]


def test_what_happens_within_a_minute_is_one_letter(office: Office) -> None:
    for _number in range(3):
        office.mention(office.client())

    [letter] = office.pass_time(minutes=3)

    assert letter["Subject"].startswith("3 avisos de")


def test_what_was_seen_here_is_not_written_too(office: Office) -> None:
    office.mention(office.client())
    with office.company.unit(office.luz) as unit:
        notices.see(unit)

    assert office.pass_time(minutes=3) == []


def test_whoever_gets_a_record_is_told_and_not_whoever_takes_one(office: Office) -> None:
    record = office.client()
    with office.company.unit(office.ana) as unit:
        unit.records.update(CLIENT, record, {"owner_id": office.luz.member_id})
    with office.company.unit(office.luz) as unit:
        unit.records.create(CLIENT, {"name": "Propia", "owner_id": office.luz.member_id})

    [letter] = office.pass_time(minutes=3)

    assert letter["Subject"] == "Ana Ruiz le asignó Ñandú"
    assert office.bell() == ["assigned"]


def test_whoever_follows_a_record_and_gets_it_is_told_once(office: Office) -> None:
    record = office.client()
    with office.company.unit(office.luz) as unit:
        marks.put(unit, unit.view.entity(CLIENT), record, "follow", on=True)
    with office.company.unit(office.ana) as unit:
        unit.records.update(CLIENT, record, {"owner_id": office.luz.member_id})

    assert office.bell() == ["assigned"]


def test_what_a_job_or_an_import_assigns_is_told_to_nobody(office: Office) -> None:
    owned = {"name": "Masiva", "owner_id": office.luz.member_id}
    with office.company.unit() as unit:
        unit.records.create(CLIENT, owned)
    with office.company.unit(replace(office.ana, via="import")) as unit:
        unit.records.create(CLIENT, owned)

    assert (office.bell(), office.waiting()) == ([], [])


def test_a_daily_summary_comes_at_seven_in_ones_own_zone(office: Office) -> None:
    assert office.luz.member is not None
    with transaction(office.host.engine) as connection:
        set_regional(connection, office.luz.member.user_id, timezone="Europe/Madrid")
    office.choose(mention=Way(mail="daily"))
    office.mention(office.client())
    office.mention(office.client())

    assert office.pass_time(hours=1) == []
    # Seven in Madrid is six in UTC; it is sixteen there now.
    assert office.pass_time(hours=13, minutes=58) == []
    [letter] = office.pass_time(minutes=4)

    assert letter["Subject"].startswith("2 avisos de")
    assert office.pass_time(days=3) == []


def test_in_quiet_hours_letters_wait_until_the_morning(office: Office) -> None:
    office.clock.set(MORNING.replace(hour=3))  # ten at night
    office.mention(office.client())

    assert office.pass_time(hours=8) == []  # six in the morning
    assert len(office.pass_time(hours=1, minutes=2)) == 1


@pytest.mark.database("postgresql")
def test_a_worker_whose_clock_is_behind_loses_no_letter_of_the_morning(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind() -> dt.datetime:
        return dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)

    office.clock.reset()
    ended = dt.datetime.now(ZoneInfo("America/Bogota")) - dt.timedelta(minutes=10)
    begun = ended - dt.timedelta(hours=8)
    office.keep(Choices(ways=USUAL.ways, quiet=(
        dt.time(begun.hour, begun.minute), dt.time(ended.hour, ended.minute)
    )))  # fmt: skip
    office.mention(office.client())
    # The machine's own clock, where the database's tells what is due.
    monkeypatch.setattr(units, "utc_now", behind)
    office.host.clock = behind

    while due := office.waiting():
        Worker(host=office.host, name="test").run_task(
            Claim(tenant_id=office.company.id, task_id=due[0].id)
        )

    assert office.box.letters.qsize() == 1


@pytest.mark.parametrize(
    ("quiet", "local", "waits"),
    [
        ((20, 7), 19, 0), ((20, 7), 20, 11), ((20, 7), 23, 8), ((20, 7), 2, 5), ((20, 7), 7, 0),
        ((12, 14), 13, 1), ((12, 14), 14, 0), ((12, 14), 11, 0), (None, 3, 0),
    ],
)  # fmt: skip
@pytest.mark.database("sqlite")
def test_quiet_hours_may_go_over_midnight(
    quiet: tuple[int, int] | None, local: int, waits: int
) -> None:
    zone = ZoneInfo("America/Bogota")
    chosen = Choices(ways=USUAL.ways, quiet=quiet and (dt.time(quiet[0]), dt.time(quiet[1])))
    moment = dt.datetime(2027, 3, 1, local, tzinfo=zone).astimezone(dt.UTC)

    assert chosen.quiet_until(moment, zone) - moment == dt.timedelta(hours=waits)


def test_each_event_goes_the_ways_that_were_chosen(office: Office) -> None:
    office.choose(mention=Way(in_app=False, mail="now"), assigned=Way(in_app=True))
    office.mention(office.client())
    office.client(owner_id=office.luz.member_id)

    [letter] = office.pass_time(minutes=3)

    assert "lo mencionó" in letter["Subject"]
    assert office.bell() == ["assigned"]


def test_whoever_wants_nothing_is_told_nothing(office: Office) -> None:
    nothing = Way(in_app=False)
    office.choose(mention=nothing, assigned=nothing, followed=nothing)
    office.mention(office.client(owner_id=office.luz.member_id))

    assert (office.bell(), office.pass_time(days=2)) == ([], [])


def test_news_that_are_only_written_are_told_again_after_the_letter(office: Office) -> None:
    office.choose(followed=Way(in_app=False, mail="now"))
    record = office.client()
    with office.company.unit(office.luz) as unit:
        marks.put(unit, unit.view.entity(CLIENT), record, "follow", on=True)
    subjects = []
    for city in ("Tunja", "Cali"):
        with office.company.unit(office.ana) as unit:
            unit.records.update(CLIENT, record, {"city": city})
            unit.records.update(CLIENT, record, {"city": f"{city} 2"})
        subjects += [letter["Subject"] for letter in office.pass_time(minutes=3)]

    assert subjects == ["Ana Ruiz cambió Ñandú"] * 2


def test_work_that_failed_is_written_where_one_chose_so(office: Office) -> None:
    office.choose(failed=Way(mail="now"))
    assert office.luz.member_id is not None
    with transaction(office.host.engine, tenant_id=office.company.id) as connection:
        for done in (True, False):
            notices.tell_of_task(
                connection, office.company.id, office.luz.member_id, job="core.verify_audit",
                task_id=uuid4(), done=done, now=office.host.clock(),
            )  # fmt: skip

    [letter] = office.pass_time(minutes=3)

    assert letter["Subject"] == "Falló: Verificar la auditoría"
    assert sorted(office.bell()) == ["task_done", "task_failed"]


def test_a_mail_server_that_is_down_loses_and_doubles_nothing(office: Office) -> None:
    office.mention(office.client())
    address = office.host.settings.smtp_url
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"smtp://127.0.0.1:{nobody.getsockname()[1]}"
        office.host.settings = replace(office.host.settings, smtp_url=dead)
        assert office.pass_time(minutes=3) == []
    office.host.settings = replace(office.host.settings, smtp_url=address)

    assert len(office.pass_time(minutes=10)) == 1
    assert office.pass_time(days=1) == []


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_what_a_task_that_is_over_was_to_write_stands_in_the_next_letter(
    office: Office, end: str
) -> None:
    office.choose(mention=Way(in_app=False, mail="now"))
    office.mention(office.client(name="Antes"))
    [first] = office.waiting()
    with transaction(office.host.engine, tenant_id=office.company.id) as connection:
        # As where the worker was lost at each attempt, or somebody cancelled it on the way.
        mine = tasks.c.tenant_id == office.company.id
        claimed = update(notice).where(notice.c.tenant_id == office.company.id)
        connection.execute(claimed.values(sending=first.id, seen_at=office.host.clock()))
        connection.execute(update(tasks).where(mine, tasks.c.id == first.id).values(state=end))
    office.clock.advance(minutes=10)
    office.mention(office.client(name="Después"))

    [letter] = office.pass_time(minutes=3)

    assert "Antes" in body(letter)
    assert "Después" in body(letter)
    assert office.pass_time(days=1) == []


def test_whoever_has_left_gets_no_letter(office: Office) -> None:
    record = office.client()
    office.mention(record)
    assert office.luz.member is not None
    membership.end_member(office.company.host, office.company.renew(office.ana),
                          office.luz.member.id, heir_id=None)  # fmt: skip

    assert office.pass_time(minutes=3) == []


def test_without_mail_nothing_is_sent_and_nothing_waits(office: Office) -> None:
    address = office.host.settings.smtp_url
    office.host.settings = replace(office.host.settings, smtp_url=None)
    office.mention(office.client())
    assert office.pass_time(minutes=3) == []
    office.host.settings = replace(office.host.settings, smtp_url=address)

    assert office.pass_time(days=1) == []


# The page


def test_one_chooses_on_the_page(tenant: Company, sign_in: Callable[..., Browser]) -> None:
    someone, other = tenant.member("seller"), tenant.member("seller")
    page = sign_in(someone)
    sent = page_of(page.get(PAGE)).form(PAGE)
    usual = {name: values[-1] for name, values in sent.items()}
    assert (usual["mention.app"], usual["mention.mail"], usual["followed.mail"]) == (
        "true", "now", "")  # fmt: skip

    answer = page.post(PAGE, data=sent | {
        "mention.mail": "daily", "mention.app": "false", "quiet_from": "21:30",
        "quiet_until": "06:00",
    })  # fmt: skip

    assert answer.status_code == 302
    assert someone.member_id is not None
    assert other.member_id is not None
    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        kept = notice_choices.read(connection, tenant.id, [someone.member_id, other.member_id])
    assert kept[other.member_id] == USUAL
    mine = kept[someone.member_id]
    assert mine.ways["mention"] == Way(in_app=False, mail="daily")
    assert mine.quiet == (dt.time(21, 30), dt.time(6))
    again = page_of(page.get(PAGE)).form(PAGE)
    assert (again["quiet_from"], again["mention.mail"]) == (["21:30"], ["daily"])


@pytest.mark.parametrize(
    "hours", [("21:30", ""), ("", "06:00"), ("06:00", "06:00"), ("tarde", "06:00")]
)
def test_hours_that_make_no_sense_are_refused(
    tenant: Company, sign_in: Callable[..., Browser], hours: tuple[str, str]
) -> None:
    page = sign_in(tenant.member("seller"))
    sent = page_of(page.get(PAGE)).form(PAGE)

    answer = page.post(PAGE, data=sent | {"quiet_from": hours[0], "quiet_until": hours[1]})

    assert answer.status_code == 422
    assert page_of(answer).error_of("quiet_until")


def test_no_hours_mean_at_any_time(tenant: Company, sign_in: Callable[..., Browser]) -> None:
    someone = tenant.member("seller")
    page = sign_in(someone)
    sent = page_of(page.get(PAGE)).form(PAGE)

    page.post(PAGE, data=sent | {"quiet_from": "", "quiet_until": ""})

    assert someone.member_id is not None
    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        kept = notice_choices.read(connection, tenant.id, [someone.member_id])
    assert kept[someone.member_id].quiet is None
