"""Every code that a problem document may carry, with its status and what it means.

Plugins add their own with their errors; those are told by the plugin's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

from trato.text import _


@dataclass(frozen=True)
class Code:
    """A stable name of an error."""

    name: str
    status: int
    meaning: str


CODES = (
    Code("bad_request", 400, _("The request is not proper HTTP.")),
    Code("bad_json", 400, _("The body is not JSON in UTF-8.")),
    Code("bad_query", 400, _("A parameter has a value that does not fit.")),
    Code("unknown_parameter", 400, _("The call takes no such parameter.")),
    Code("unknown_field", 400, _("There is no such parameter or field.")),
    Code("unknown_operator", 400, _("There is no such operator.")),
    Code("bad_operator", 400, _("The field cannot be filtered with this operator.")),
    Code("duplicate_parameter", 400, _("A parameter stands twice.")),
    Code("not_sortable", 400, _("The field has no index to sort by.")),
    Code("bad_limit", 400, _("A page has between 1 and 500 rows.")),
    Code("bad_cursor", 400, _("The cursor is none, or belongs to another list.")),
    Code("not_unique", 400, _("The field does not tell records apart.")),
    Code("bad_precondition", 400, _("If-Match or If-None-Match is no list of entity tags.")),
    Code("bad_idempotency_key", 400, _("The Idempotency-Key is no key.")),
    Code("csrf", 400, _("A page of Trato called without its form token.")),
    Code("unauthenticated", 401, _("There is no valid token.")),
    Code("forbidden", 403, _("The member's roles do not allow it.")),
    Code("insufficient_scope", 403, _("The token's scopes do not cover it.")),
    Code("license_expired", 403, _("The licence is over: reading goes on, writing does not.")),
    Code("second_factor_required", 403, _("The role demands a second step at sign-in.")),
    Code("viewing", 403, _("Who looks as another person changes nothing.")),
    Code("no_tenant", 403, _("The person belongs to no company.")),
    Code("not_found", 404, _("There is no such address, collection or record for you.")),
    Code("method_not_allowed", 405, _("The address exists and does not know the method.")),
    Code("conflict", 409, _("The id or value belongs to another record.")),
    Code("ambiguous", 409, _("Several records have the value.")),
    Code("idempotency_mismatch", 409, _("The Idempotency-Key came with another request.")),
    Code("stale", 412, _("The record has changed since; it comes along as it is now.")),
    Code("too_large", 413, _("The body is larger than this installation allows.")),
    Code("unsupported_media_type", 415, _("The body is not application/json.")),
    Code("duplicate", 422, _("The company forbids duplicates, and a record has the value.")),
    Code("invalid", 422, _("Values were refused; the reasons stand by field.")),
    Code("too_many_rows", 422, _("More than 1,000 rows came in one call.")),
    Code("refused", 422, _("A rule refuses it; the detail says which.")),
    Code("too_many_calls", 429, _("The calls of this minute are used up.")),
    Code("internal", 500, _("Something failed in Trato. Nothing was saved.")),
    Code("database_unavailable", 503, _("The database does not answer; see the detail.")),
    Code("deadlock", 503, _("Two calls stood in each other's way. Nothing was saved.")),
    Code("disk_full", 503, _("There is no room left. Nothing was saved.")),
    Code("maintenance", 503, _("The installation is closed for a while.")),
)
