"""Declared screens. What they look like is the templates' work, what they show the read path's."""
