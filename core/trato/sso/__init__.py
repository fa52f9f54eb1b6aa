"""Signing in through a company's identity provider (OpenID Connect, authorization code and PKCE).

It knows the provider and the company's people, and nothing of pages and cookies.
"""
