"""Supplied plugs: what crmkit brings, through the same doors as anyone's."""
