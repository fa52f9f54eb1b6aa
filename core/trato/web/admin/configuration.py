"""The configuration as a file: take it away, see what another one would change, apply it."""

from __future__ import annotations

import json
from typing import Any

from flask import Response as FlaskResponse
from flask import request
from werkzeug.wrappers import Response

from trato.configuration import Step, apply_configuration, export_configuration
from trato.errors import Invalid, TratoError
from trato.text import _
from trato.web.admin.layout import (
    ROOT,
    admin,
    applied,
    blueprint,
    page,
    said,
    slug,
    told,
    widget,
)
from trato.web.auth import current_host
from trato.web.frame import translator

#: A company's whole configuration is some ten kilobytes.
_LARGEST = 1024 * 1024
_ACTIONS = {
    "create": (_("New"), "ok"), "change": (_("Changes"), "info"), "retire": (_("Retired"), "warn"),
}  # fmt: skip


@blueprint.get("/configuration")
def show_configuration() -> str:
    """Offer the file, and take another one."""
    return _page()


@blueprint.get("/configuration.yaml")
def download_configuration() -> FlaskResponse:
    """Give the configuration as the file that `config export` writes."""
    answer = FlaskResponse(export_configuration(current_host(), slug()), mimetype="text/yaml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug()}.yaml"'
    return answer


@blueprint.post("/configuration")
def plan_configuration() -> str | tuple[str, int] | Response:
    """Show what a file would change; the second button does it."""
    text = request.form.get("text", "")[:_LARGEST]
    file = request.files.get("file")
    if file is not None and file.filename:
        text = file.stream.read(_LARGEST).decode("utf-8", "replace")
    applies = request.form.get("action") == "apply"
    if not text.strip():
        return _page(errors=[translator(_("Choose the file or paste its text."))]), 422
    try:
        steps = apply_configuration(
            current_host(), slug(), text, dry_run=not applies, actor=admin(), in_background=True
        )
    except TratoError as error:
        return _page(text=text, errors=_lines(error)), 422
    changes = [step for step in steps if step.action != "unchanged"]
    if applies:
        return applied("configuration", steps, _("Applied: {count} changes."), count=len(changes))
    return _page(text=text, plan=[_row(step) for step in changes], is_planned=True)


def _lines(error: TratoError) -> list[str]:
    """Write what is wrong with a file, each problem with its place."""
    lines = told(error)
    if isinstance(error, Invalid):
        lines += [f"{path}: {said(message)}" for path, messages in error.errors.items()
                  for message in messages]  # fmt: skip
    return lines


def _row(step: Step) -> dict[str, Any]:
    word, tone = _ACTIONS[step.action]
    return {
        "path": step.path, "action": {"label": translator(word), "tone": tone},
        "changes": [
            {"label": part, "before": _written(before), "after": _written(after)}
            for part, (before, after) in step.changes.items()
            if before is not None or after not in (None, "", [], {}, False)
        ],
    }  # fmt: skip


def _written(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:117]}…"


def _page(
    *, text: str = "", plan: list[dict[str, Any]] | None = None, is_planned: bool = False,
    errors: list[str] | None = None,
) -> str:  # fmt: skip
    field = widget(
        "text",
        translator(_("Text of the file")),
        "longtext",
        value=text,
        help=translator(_("What it does not name stays as it is; nothing is deleted.")),
    )
    return page(
        "admin_configuration.html", active="configuration",
        title=translator(_("Configuration as a file")), errors=errors or [], text=field,
        plan=plan or [], is_planned=is_planned, action=f"{ROOT}/configuration",
        download_url=f"{ROOT}/configuration.yaml",
    )  # fmt: skip
