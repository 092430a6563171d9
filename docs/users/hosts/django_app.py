"""crmkit in a Django project: models and transactions are Django's, and so is the database."""

from __future__ import annotations

from typing import Any

from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse

from crmkit import CRM, Deal, Money, Pipeline, Plugin, Stage

selling = Pipeline("bicycle-sale", of=Deal, stages=(Stage("asked"), Stage("offer"), Stage("sold", "won")))
two_wheels = Plugin("two-wheels", offers=(selling,))

# One per process: types, plugins, compiled statements. Opens no connection; speaks to the project's database.
HOUSE = CRM.embedded(connection.vendor, prefix="crm_", plugins=[two_wheels], discover=False)


def crm() -> CRM:
    """Return crmkit on Django's connection, inside Django's transaction: a rollback of the view leaves nothing."""
    return HOUSE.on(connection, after_commit=transaction.on_commit)


class Order(models.Model):
    """The host's own model."""

    total = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        app_label = "shop"


@transaction.atomic
def checkout(request: HttpRequest) -> HttpResponse:
    """A view: an order of the shop and a deal of the CRM, both or neither."""
    order = Order.objects.create(total=request.POST["total"])
    c = crm().acting_as("user:7")
    customer = c.customers.put(("shop", "7"), name="Anna Jansen", email="anna@example.nl")
    c.deals.open(customer, title=f"Order {order.pk}", amount=Money(request.POST["total"], "EUR"))
    if "fails" in request.POST:
        raise RuntimeError("the payment was refused")
    return HttpResponse(str(customer.id))


def upgrade(apps: Any, schema_editor: Any) -> None:
    """Run crmkit's own upgrade; for ``migrations.RunPython(upgrade)`` in a migration of the project."""
    HOUSE.on(schema_editor.connection).upgrade()
