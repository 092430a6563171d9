"""``crmkit demo``: a small company, and a walk through everything with it."""
