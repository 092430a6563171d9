"""crmkit in a Flask application with Flask-SQLAlchemy: one engine, one session, one transaction."""

from __future__ import annotations

import uuid

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from crmkit import CRM

db = SQLAlchemy()


class Order(db.Model):  # type: ignore[name-defined, misc]  # made at run time by the extension
    """The host's own model."""

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[uuid.UUID] = mapped_column(Uuid())


def create_app(url: str) -> Flask:
    """Return the application on a database."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        db.create_all()
        app.extensions["crm"] = CRM.open(engine=db.engine, prefix="crm_", discover=False)

    @app.post("/order")
    def order() -> str:
        crm: CRM = app.extensions["crm"].on(db.session.connection())
        anna = crm.customers.put(("shop", "42"), name="Anna Jansen")
        db.session.add(Order(customer=anna.id))  # the host's own model
        if "fails" in request.form:
            db.session.rollback()
            return "nothing"
        db.session.commit()  # both, or neither
        return str(anna.id)

    return app
