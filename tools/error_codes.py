"""Write docs/errors.md: every stable code, read from where it is raised.

Run it after an error was added: ``.venv/bin/python tools/error_codes.py``. A test compares the page
with the code, so that neither goes on without the other.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import trato
from trato.errors import TratoError
from trato.rest.codes import CODES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"

HEAD = """# Error codes

Every error that Trato raises on purpose has a *code* that does not change, a message that says fact
and cause, and mostly a hint that says what to do. Pages and commands show message and hint in the
reader's language; the API answers all three ([errors of REST](rest.md#errors)). Go by the code,
never by the words.

*Status* is what a page or the API answers with; a command that meets any of these ends with 2. The
places in `{braces}` are filled with names and values. A code stands for all messages of its row.
Plugins may add codes of their own.

This page is written from the code by `tools/error_codes.py`.

| code | status | says | do |
|---|---|---|---|
"""

_WRITE = "Write the value like the example."
_LOG = "Look into the log by the number of the request, and tell whoever maintains it."
_ROLE = "Let an administrator give the right by a role; *Why do I see this?* says what is missing."
_CONNECTOR = "The run ends and is tried again later; *Connections* shows when, and what waits."

#: Meanings where the text is put together, or is kept apart from its code.
MEANINGS = {
    "bad_value": "A parameter or value cannot be read.",
    "cancelled": "Somebody cancelled the task, or another worker has it now.",
    "error": "Something else went wrong; the text says what.",
    "invalid": "Values were refused; the reasons stand by field.",
    "invalid_amount": "The text is no amount of money.",
    "invalid_phone": "The text is no phone number.",
    "stale": "Somebody else saved the record first; it comes along as it is now.",
    "too_large_for_a_workbook": "Excel takes no so many rows, columns or letters.",
    "unauthenticated": "There is no valid session or token.",
    "unknown_match": "The field named to find records by does not exist.",
    "unreadable_cell": "A cell of the workbook cannot be read; the text names it.",
    "wrong_code": "The code of the second step is wrong, too old, or used already.",
    "workbook_too_large": "The workbook is beyond what is read at once, or packed suspiciously.",
}
#: What to do where the message comes without a hint.
ACTIONS = {
    "ambiguous_date": _WRITE,
    "bad_email": "Correct the address.",
    "bad_identity": "Try again; if it goes on, the administrator compares"
    " issuer, client ID and clocks with the provider.",
    "bad_json": "Send one JSON value in UTF-8, with `Content-Type: application/json`.",
    "bad_limit": "Ask for fewer rows, and follow `next`.",
    "bad_precondition": "Send the `ETag` as it came, in its quotes.",
    "bad_query": "Look the parameters up in `/api/v1/docs`.",
    "bad_request": "Correct the request; the text says what is wrong with it.",
    "bad_sign_in": "Begin again at the sign-in page of the company.",
    "bad_value": "Write it as the text says.",
    "broken_plugin": "`trato plugin list` shows all that is wrong; install a version that works.",
    "cancelled": "Nothing; run it again if it was not meant.",
    "config": "The text names the setting or file; `trato doctor` looks at all of them.",
    "conflict": "Change the record that exists, or choose another id or value.",
    "csrf": "Reload the page and send the form again.",
    "database_unavailable": "Try again; if it lasts, look at the database: `trato doctor`.",
    "disk_full": "Free space on the disk of the database, and try again.",
    "duplicate": "Use the record that exists, or let the company allow duplicates.",
    "error": _LOG,
    "forbidden": _ROLE,
    "has_access": "Change the roles of the membership instead.",
    "idempotency_mismatch": "Use a new key for each new request.",
    "insufficient_scope": "Make a token with the scope.",
    "internal": _LOG,
    "invalid": "Correct the named fields.",
    "license": "`trato license show SLUG` tells what is installed; ask the issuer for another one.",
    "linked": "Unlink it first, or choose another record in the review tray.",
    "mail": "Check the mail server's settings with the test letter.",
    "maintenance": "Wait for the time in `Retry-After`, or `trato maintenance off`.",
    "merge_refused": "Correct the record that the text names, and merge again.",
    "method_not_allowed": "Use a method of the answer's `Allow`.",
    "no_end": "Give it with a last day.",
    "no_locale": "Choose a language that is installed: `es`, `en`.",
    "no_tables": "Nothing: there is no data of it.",
    "no_team": "Make the team first, or choose another one.",
    "not_a_date": _WRITE,
    "not_a_number": _WRITE,
    "not_a_time": _WRITE,
    "not_found": "Check the address and the id; what is hidden or disabled answers the same.",
    "not_let_in": "Ask the administrator of the company.",
    "not_rejected": "Wait until it is confirmed or refused.",
    "not_set_up": "Fill in the settings of the module that the text names.",
    "overtaken": "Nothing: the other run does the work.",
    "past_end": "Choose a day that is still to come.",
    "plugin": "`trato plugin list` shows what is wrong with it.",
    "provider_away": "Try again in some minutes; the emergency account enters meanwhile.",
    "provider_refused": "Sign in again; if it goes on, look into the provider.",
    "refused": "Do what the text says.",
    "remote_busy": _CONNECTOR,
    "remote_denied": "Correct the address or the keys in the settings of the module.",
    "remote_refused": "Correct the record; its next save sends it again.",
    "remote_unanswered": "Nothing: it is looked up there before it is sent again.",
    "remote_unreachable": _CONNECTOR,
    "role_kept": "Leave it; it is needed.",
    "role_too_wide": "Ask an administrator.",
    "stale": "Read the record again, put your change on it, and save.",
    "sync": _CONNECTOR,
    "task_not_over": "Wait for it, or cancel it.",
    "task_over": "Run the job again.",
    "temporary": "Nothing: it is tried again by itself.",
    "tenant": "`trato tenant list` names those that exist.",
    "too_large": "Send less at a time, or let the operator raise `TRATO_MAX_BODY_MB`.",
    "too_long": "Save the form instead.",
    "too_many_calls": "Wait as many seconds as `Retry-After` says.",
    "too_many_rows": "Send them in parts.",
    "unauthenticated": "Sign in, or send `Authorization: Bearer TOKEN` with a token that is valid.",
    "undecided": "Choose the record in the review tray.",
    "unknown_parameter": "Leave it out; `/api/v1/docs` lists the parameters.",
    "unreadable_cell": "Correct the cell, or save the sheet as CSV.",
    "unsupported_media_type": "Send `Content-Type: application/json`.",
    "wrong_code": "Take the present code of the app, or a recovery code.",
}


@dataclass
class Told:
    """What is known of a code."""

    status: set[int] = field(default_factory=set)
    says: list[str] = field(default_factory=list)
    does: list[str] = field(default_factory=list)


def packages() -> dict[str, Path]:
    """Give the packages that raise errors, by name, with their folders."""
    plugins = {p.parent.name: p.parent for p in sorted(ROOT.glob("plugins/*/trato_*/py.typed"))}
    return {"trato": Path(trato.__file__).parent, **plugins}


def error_classes() -> dict[str, type[TratoError]]:
    """Import everything, and give every kind of error by its name."""
    for name, folder in packages().items():
        for module in pkgutil.walk_packages([str(folder)], f"{name}."):
            if not {"migrations", "testing", "__main__"} & set(module.name.split(".")):
                importlib.import_module(module.name)
    found: dict[str, type[TratoError]] = {}
    waiting: list[type[TratoError]] = [TratoError]
    while waiting:
        kind = waiting.pop()
        if kind.__module__.split(".")[0] in packages() and ".testing." not in kind.__module__:
            found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found


def texts(node: ast.expr | None) -> list[str]:
    """Give the texts that an expression marks for translation."""
    if node is None:
        return []
    return [
        call.args[0].value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_"
        and call.args and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip


def raised() -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Give each place that makes an error with a code: kind, code, messages, hints."""
    for folder in packages().values():
        for file in sorted(folder.rglob("*.py")):
            if "testing" in file.relative_to(folder).parts:
                continue
            for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    named = {keyword.arg: keyword.value for keyword in node.keywords}
                    for code in constants(named.get("code")):
                        says = [text for argument in node.args for text in texts(argument)]
                        yield node.func.id, code, says, texts(named.get("hint"))


def constants(node: ast.expr | None) -> list[str]:
    """Give the texts that an argument may be: one, or either of a condition."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return [*constants(body), *constants(other)]
        case _:
            return []


@lru_cache(maxsize=1)
def told() -> dict[str, Told]:
    """Collect what is said of each code."""
    found: dict[str, Told] = {}
    classes = error_classes()
    for kind, code, says, does in raised():
        if kind in classes:
            one = found.setdefault(code, Told())
            one.status.add(classes[kind].status)
            one.says += [text for text in says if text not in one.says]
            one.does += [text for text in does if text not in one.does]
    for error in classes.values():
        found.setdefault(error.code, Told()).status.add(error.status)
    for given in CODES:
        one = found.setdefault(given.name, Told())
        one.status.add(given.status)
        one.says = one.says or [given.meaning]
    for error in classes.values():
        one = found[error.code]
        one.says = one.says or [(error.__doc__ or "").strip().splitlines()[0]]
    for code, one in found.items():
        one.says = [MEANINGS[code]] if code in MEANINGS else one.says
        if not one.does and code in ACTIONS:
            one.does = [ACTIONS[code]]
    return dict(sorted(found.items()))


def page() -> str:
    """Write the page."""
    lines = []
    for code, one in told().items():
        status = ", ".join(map(str, sorted(one.status)))
        cells = [" · ".join(parts).replace("|", "\\|") for parts in (one.says, one.does)]
        lines.append(f"| `{code}` | {status} | {cells[0]} | {cells[1]} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
