"""Customers: add, put, change, find, link, merge, and the profile that shows one whole."""

from __future__ import annotations

from .profile import Profile
from .verbs import CustomerFields, Customers

__all__ = ["CustomerFields", "Customers", "Profile"]
