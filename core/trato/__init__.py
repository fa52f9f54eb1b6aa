"""Trato: a plugin host for business records. Plugin authors import ``trato.api`` only."""

__version__ = "0.1.0"
