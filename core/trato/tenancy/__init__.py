"""Tenants, their installed licences, the plugins they switched on, their settings."""
