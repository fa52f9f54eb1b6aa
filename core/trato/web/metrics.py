"""`/metrics`: what a Prometheus server reads, about all processes of a server as one.

`trato serve` makes a piece of memory that its processes share; each counts in a part of its own,
so nobody waits for anybody, and whichever answers adds all parts up. A process that was replaced
leaves its counts to the one that takes its part. With another server each process has only its
own memory and tells of itself alone. What is in the queue, the database knows.
"""

from __future__ import annotations

import hmac
import multiprocessing
import os
import platform
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request
from werkzeug.datastructures import WWWAuthenticate

from trato import __version__
from trato.host import Host
from trato.jobs import queue_state
from trato.web.auth import current_host

blueprint = Blueprint("metrics", __name__)

#: Upper ends of the classes of latency, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
#: Processes that may count at the same time, and kinds of routes that are told apart.
_PARTS = 64
_ROUTES = 96
#: process id, connections of its pool, of them in use, requests that it works at
_HEAD = 4
#: a count for each class, of all, and the sum of the seconds
_SERIES = len(BUCKETS) + 2
_COUNTED = _ROUTES * len(STATUSES) * _SERIES
#: Plugins whose errors are told apart; those beyond count as core's.
_PLUGINS = 64
_PART = _HEAD + _COUNTED + _PLUGINS
_EXTENSION = "trato.web.metrics"
#: Blueprints whose routes differ enough to be told apart.
_APART = frozenset({"pages", "rest"})


@dataclass(kw_only=True, eq=False)
class Shared:
    """The memory in which the processes of a server count; made before they are."""

    cells: Any = field(default_factory=lambda: multiprocessing.RawArray("d", _PARTS * _PART))
    lock: Any = field(default_factory=multiprocessing.Lock)


@dataclass(kw_only=True, eq=False)
class Metrics:
    """What this process counts, and the sum of what all have counted."""

    shared: Shared
    routes: Sequence[str]
    #: Core first.
    plugins: Sequence[str]
    _start: int = field(init=False, default=-1)
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def count(self, route: str, status: int, seconds: float, pool: Any) -> None:
        """Count a request that was answered."""
        place = self.routes.index(route) * len(STATUSES) + min(max(status // 100, 1), 5) - 1
        with self._mutex:
            cells, start = self.shared.cells, self._part()
            first = start + _HEAD + place * _SERIES
            for number, limit in enumerate(BUCKETS):
                if seconds <= limit:
                    cells[first + number] += 1
                    break
            cells[first + len(BUCKETS)] += 1
            cells[first + len(BUCKETS) + 1] += seconds
            cells[start + 1] = pool.size()
            cells[start + 2] = pool.checkedout()

    def count_error(self, plugin: str) -> None:
        """Count an error that is a plugin's, or core's."""
        place = self.plugins.index(plugin) if plugin in self.plugins else 0
        with self._mutex:
            start = self._part()
            self.shared.cells[start + _HEAD + _COUNTED + place] += 1

    def _part(self) -> int:
        """Give where this process counts; taken at the first request, after it was forked."""
        cells, own = self.shared.cells, os.getpid()
        if self._start >= 0 and cells[self._start] == own:
            return self._start
        # Whoever died holding it must not stop the others; then two may share a part.
        held = self.shared.lock.acquire(timeout=1)
        try:
            starts = range(0, _PARTS * _PART, _PART)
            self._start = next(
                (s for s in starts if not cells[s] or not _lives(int(cells[s]))), starts[-1]
            )
            cells[self._start] = own
        finally:
            if held:
                self.shared.lock.release()
        return self._start

    def text(self) -> Iterator[str]:
        """Write what all processes have counted."""
        cells = self.shared.cells[:]
        starts = [s for s in range(0, _PARTS * _PART, _PART) if cells[s]]
        yield from _head("trato_request_seconds", "histogram", "Time that requests took.")
        for route_number, route in enumerate(self.routes):
            for status_number, status in enumerate(STATUSES):
                place = _HEAD + (route_number * len(STATUSES) + status_number) * _SERIES
                series = [sum(cells[s + place + n] for s in starts) for n in range(_SERIES)]
                if not series[-2]:
                    continue
                labels = f'route="{route}",status="{status}"'
                below = 0.0
                for number, limit in enumerate(BUCKETS):
                    below += series[number]
                    yield f'trato_request_seconds_bucket{{{labels},le="{limit}"}} {below:.0f}'
                yield f'trato_request_seconds_bucket{{{labels},le="+Inf"}} {series[-2]:.0f}'
                yield f"trato_request_seconds_sum{{{labels}}} {series[-1]:.6f}"
                yield f"trato_request_seconds_count{{{labels}}} {series[-2]:.0f}"
        yield from _head("trato_plugin_errors_total", "counter",
                         "Requests that failed, by the plugin whose code did.")  # fmt: skip
        for place, plugin in enumerate(self.plugins):
            total = sum(cells[s + _HEAD + _COUNTED + place] for s in starts)
            yield f'trato_plugin_errors_total{{plugin="{plugin}"}} {total:.0f}'
        live = [s for s in starts if _lives(int(cells[s]))]
        yield from _one("trato_processes", "Processes that have answered requests.", len(live))
        yield from _head("trato_pool_connections", "gauge",
                         "Connections to the database that the pools may keep, and that are in "
                         "use.")  # fmt: skip
        for name, offset in (("size", 1), ("used", 2)):
            total = sum(cells[s + offset] for s in live)
            yield f'trato_pool_connections{{state="{name}"}} {total:.0f}'


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def install(app: Flask, shared: Shared | None) -> None:
    """Let an application count its requests, when all its routes are known."""
    names = {_name_of(rule.endpoint) for rule in app.url_map.iter_rules()} | {"other"}
    routes = sorted(names)[:_ROUTES]
    if "other" not in routes:
        routes[-1] = "other"
    host: Host = app.extensions["trato"]
    app.extensions[_EXTENSION] = Metrics(
        shared=shared or Shared(), routes=routes, plugins=["core", *host.plugins][:_PLUGINS]
    )


def _name_of(endpoint: str | None) -> str:
    if endpoint is None:
        return "other"
    first, _dot, _rest = endpoint.partition(".")
    return endpoint if first in _APART else first


def count(seconds: float, status: int) -> None:
    """Count the request that is answered now."""
    metrics: Metrics = current_app.extensions[_EXTENSION]
    name = _name_of(request.endpoint)
    metrics.count(
        name if name in metrics.routes else "other", status, seconds, current_host().engine.pool
    )


def count_error(plugin: str) -> None:
    """Count that the request failed in a plugin's code, or in core's."""
    metrics: Metrics = current_app.extensions[_EXTENSION]
    metrics.count_error(plugin)


@blueprint.get("/metrics")
def show() -> Response:
    """Tell a Prometheus server, on this machine or with the token."""
    host = current_host()
    _check(host)
    metrics: Metrics = current_app.extensions[_EXTENSION]
    lines = [*_about(host), *metrics.text(), *_queue(host)]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


def _check(host: Host) -> None:
    """Refuse whoever is neither on this machine nor knows the token."""
    token = host.settings.metrics_token
    scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        if hmac.compare_digest(given.strip().encode(), token.encode()):
            return
    elif request.remote_addr in ("127.0.0.1", "::1") and not _is_forwarded():
        return
    abort(401, www_authenticate=WWWAuthenticate("bearer"))


def _is_forwarded() -> bool:
    """Tell whether a proxy on this machine brings somebody else's request."""
    return any(
        name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip")
    )


def _about(host: Host) -> Iterator[str]:
    yield from _head("trato_build_info", "gauge", "Versions; always 1.")
    yield (
        f'trato_build_info{{version="{__version__}",python="{platform.python_version()}",'
        f'database="{host.engine.dialect.name}"}} 1'
    )
    yield from _head("trato_plugin_info", "gauge", "Installed plugins; always 1.")
    for name, plugin in host.plugins.items():
        yield f'trato_plugin_info{{plugin="{name}",version="{plugin.version}"}} 1'


def _queue(host: Host) -> Iterator[str]:
    state = queue_state.read(host.engine, now=host.clock())
    help = "Tasks of all tenants by state; finished ones until they are removed."
    yield from _head("trato_tasks", "gauge", help)
    for name, number in state.counts.items():
        yield f'trato_tasks{{state="{name}"}} {number}'
    yield from _head("trato_plugin_tasks_failed", "gauge",
                     "Failed tasks of all tenants by plugin, until they are removed.")  # fmt: skip
    for name in ("core", *host.plugins):
        yield f'trato_plugin_tasks_failed{{plugin="{name}"}} {state.failed.get(name, 0)}'
    yield from _one("trato_queue_due", "Tasks that could be running.", state.due)
    yield from _one("trato_queue_age_seconds", "For how long the oldest of them has been due.",
                    round(state.age, 3))  # fmt: skip


def _one(name: str, help: str, value: float) -> Iterator[str]:
    yield from _head(name, "gauge", help)
    yield f"{name} {value}"


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"
