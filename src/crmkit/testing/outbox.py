"""What would have been sent: in tests every automated channel hands its deliveries to a list."""

from __future__ import annotations

from ..ports.channel import Channel, Delivery, Receipt
from ..records import new_id


def outbox_for(of: type[Channel], outbox: list[Delivery]) -> Channel:
    """Return a channel with the class facts of another one, which keeps deliveries in ``outbox`` and sends nothing."""

    def send(self: Channel, delivery: Delivery) -> Receipt:
        outbox.append(delivery)
        return Receipt(external_id=f"outbox-{new_id()}")

    facts = {
        name: getattr(of, name)
        for name in ("name", "addresses", "renders", "max_characters", "office", "is_automated", "idempotent_for_h")
    }
    made = type(of.__name__, (Channel,), {**facts, "send": send, "__doc__": of.__doc__})
    channel: Channel = made()
    return channel
