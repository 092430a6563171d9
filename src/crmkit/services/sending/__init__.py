"""How a queued message is sent, once or not at all.

``permission`` says whether it may go (pure), ``timing`` when (pure), ``dispatching`` carries it through its phases, each
committed: queued, claimed, handed over, done. ``incoming`` takes what channels bring.
"""
