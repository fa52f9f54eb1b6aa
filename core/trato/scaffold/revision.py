"""The first revision of a new plugin; a program, as it imports the plugin to see its tables."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import trato.access.tables
import trato.records.tables
import trato.tenancy.tables  # noqa: F401 - for the metadata to be whole
from trato.db.engine import open_engine
from trato.db.generate import write_revision
from trato.db.migrate import core_folder
from trato.entities.base import metadata


def main(folder: str, plugin: str, message: str) -> None:
    """Write the revision that makes the tables of a plugin that is not installed."""
    package = f"trato_{plugin}"
    sys.path.insert(0, folder)
    importlib.import_module(f"{package}.plugin")
    with TemporaryDirectory(prefix="trato-") as place:
        engine = open_engine(f"sqlite:///{place}/empty.sqlite")
        try:
            write_revision(engine, plugin, Path(folder) / package, metadata, message=message,
                           needs={"core": core_folder()})  # fmt: skip
        finally:
            engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
