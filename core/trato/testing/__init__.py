"""Tools for testing Trato and its plugins; no other module of Trato imports them."""
