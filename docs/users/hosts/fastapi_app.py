"""crmkit in FastAPI: a pool that lives as long as the app, a company per request, a worker inside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from crmkit import CRM, CRMError


def create_app(url: str) -> FastAPI:
    """Return the application on a store."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        with CRM.open(url, discover=False) as app.state.crm:
            stop = threading.Event()
            worker = asyncio.create_task(asyncio.to_thread(app.state.crm.work, until=stop))
            yield
            stop.set()
            await worker

    app = FastAPI(lifespan=life)

    @app.post("/customers")
    def add(name: str, crm: Unit) -> dict[str, str]:  # def, not async def: FastAPI runs it in a thread
        return {"id": str(crm.customers.add(name=name).id)}

    @app.get("/customers")
    def find(text: str, crm: Company) -> list[str]:
        return [customer.name for customer in crm.customers.find(text)]

    @app.get("/board")
    async def board(crm: Company) -> list[dict[str, object]]:
        return [row.as_dict() for row in await asyncio.to_thread(crm.deals.board, "sales")]

    @app.exception_handler(CRMError)
    def answer(request: Request, error: CRMError) -> JSONResponse:
        return JSONResponse({"error": error.code, "message": str(error), "field": error.field}, error.http_status)

    return app


def company(request: Request) -> CRM:
    """Return the CRM of the request's company, acting as its user: cheap, as pool, types and plugins are shared.

    A header makes no company: one that is not there is answered 404.
    """
    crm: CRM = request.app.state.crm
    own = crm.tenant(request.headers.get("X-Company", ""), create=False)
    return own.acting_as(request.headers.get("X-User", "nobody"))


Company = Annotated[CRM, Depends(company)]


def unit(crm: Company) -> Iterator[CRM]:
    """Yield one unit of work for the whole request."""
    with crm.transaction() as tx:
        yield tx


Unit = Annotated[CRM, Depends(unit, scope="function")]  # "function": committed before the answer leaves
