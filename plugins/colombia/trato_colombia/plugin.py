"""The manifest of `colombia`."""

from __future__ import annotations

from trato.api import OptionList, Plugin, Section, Shown, Slot, When, _
from trato_clients.api import Client
from trato_colombia import commands, models, saving
from trato_colombia.calendars import SETTINGS
from trato_colombia.completing import complete_clients
from trato_colombia.legal_forms import LEGAL_FORMS
from trato_colombia.models import ColombiaClient
from trato_colombia.municipality_list import load_options
from trato_colombia.phones import phone_spellings, shown_phone

plugin = Plugin(
    name="colombia",
    title=_("Colombia"),
    version="0.1.0",
    description=_("Colombian rules: identification, municipalities, business days and phones."),
    icon="flag",
    depends=["clients"],
    extensions=[ColombiaClient],
    options=[OptionList(name=models.MUNICIPALITIES, load=load_options)],
    slots=[
        Slot(
            entity=Client,
            sections=[
                Section(
                    title=_("Identification in Colombia"),
                    fields=[
                        ColombiaClient.identification_type, ColombiaClient.check_digit,
                        ColombiaClient.municipality,
                    ],
                ),
            ],
            when=[
                # The free text is for documents that the list of the DIAN does not have.
                When({ColombiaClient.identification_type: None}, show=[Client.identification_type]),
                When({ColombiaClient.identification_type: True}, require=[Client.identification]),
            ],
            columns=[ColombiaClient.municipality],
            filters=[ColombiaClient.identification_type, ColombiaClient.municipality],
            position=10,
        ),
    ],
    settings=SETTINGS,
    jobs=[complete_clients],
    commands=[commands.MUNICIPALITIES],
    hooks=saving,
    spellings={"phone": phone_spellings},
    shown={"phone": Shown(shown_phone)},
    legal_forms=LEGAL_FORMS,
)  # fmt: skip
