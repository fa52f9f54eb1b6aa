"""Build ``trato`` with setuptools, after fetching the browser libraries.

The in-tree PEP 517 backend named in ``pyproject.toml``. Each build hook first sees to it that
``trato/web/static/vendor`` holds what ``frontend/`` asks for; everything else is setuptools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import browser_assets
from setuptools import build_meta
from setuptools.build_meta import (
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

#: What a caller may pass: a mapping from the command line, or nothing.
Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what a wheel needs to build, Node only where it is really missing."""
    return build_meta.get_requires_for_build_wheel(config_settings) + browser_assets.requires()


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return what an editable install needs to build."""
    return build_meta.get_requires_for_build_editable(config_settings) + browser_assets.requires()


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Return what a source distribution needs to build."""
    return build_meta.get_requires_for_build_sdist(config_settings) + browser_assets.requires()


def build_wheel(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    """Build a wheel that contains the browser libraries."""
    browser_assets.prepare()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    """Build an editable install; the browser libraries land in the checkout."""
    browser_assets.prepare()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build a source distribution that carries the browser libraries, so it installs offline."""
    browser_assets.prepare()
    return build_meta.build_sdist(sdist_directory, config_settings)
