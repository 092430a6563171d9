"""Verbs: one method is one thing that a user can do, whole."""
