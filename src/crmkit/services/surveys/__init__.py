"""Surveys: asked over any channel, answered by a form, a person at the telephone, or a reply to the message.

``verbs`` has the family; ``answering`` keeps answers; ``checking``, ``relevance`` and ``replies`` are pure.
"""
