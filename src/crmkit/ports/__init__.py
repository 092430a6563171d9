"""Sockets: what a plugin can provide, one module each with all that its author must read."""
