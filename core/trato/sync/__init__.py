"""Synchronisation with other systems: connectors, their outbox, links, cursors and review."""
