"""The service of an index over HTTP: small, local unless told otherwise, and bounded."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gnn.runs.served_index import ServedIndex, open_index
from gnn.runs.service_requests import Limits, RequestError, answer, embed, search


class IndexService:
    """Answers `/health`, `/search` and `/embed`.

    Work is done by a few threads. Requests that wait are counted before they are read, so memory
    is bounded by `max_waiting * max_body`; one more gets the status 503.

    Args:
        served: the index.
        limits: what is borne.

    Raises:
        ImportError: aiohttp is not installed.
    """

    def __init__(self, served: ServedIndex, limits: Limits | None = None):
        self._web = _import_aiohttp()
        self._served = served
        self._limits = limits or Limits()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(self._limits.threads, "gnn-serve")

    def application(self) -> Any:
        """The application of aiohttp."""
        web = self._web
        app = web.Application(client_max_size=self._limits.max_body, middlewares=[self._as_json()])
        app.router.add_get("/health", self._health)
        app.router.add_post("/search", functools.partial(self._post, search))
        app.router.add_post("/embed", functools.partial(self._post, embed))
        app.on_cleanup.append(self._close)
        return app

    async def _health(self, request: Any) -> Any:
        index = self._served.index
        embeds = self._served.rows is not None
        found = {"status": "ok", "items": len(index), "embeds": embeds, "waiting": self._waiting}
        return self._web.json_response(found)

    async def _post(self, work: Callable[..., dict[str, Any]], request: Any) -> Any:
        limits = self._limits
        if self._waiting >= limits.max_waiting:
            raise RequestError("too many requests are waiting: come again in a second", 503)
        self._waiting += 1
        try:
            content = await asyncio.wait_for(request.read(), limits.timeout)
        except BaseException as error:
            self._waiting -= 1
            if isinstance(error, TimeoutError):
                raise RequestError("the request took too long to arrive", 408) from None
            raise
        # It waits until its thread is done, also where nobody waits for it any more.
        job = self._pool.submit(answer, work, self._served, content, limits)
        loop = asyncio.get_running_loop()
        job.add_done_callback(functools.partial(self._done, loop))
        future = asyncio.wrap_future(job)
        try:
            found = await asyncio.wait_for(future, limits.timeout)
        except TimeoutError:
            raise RequestError("the answer took too long: ask for less, or later", 503) from None
        return self._web.Response(body=found, content_type="application/json")

    def _done(self, loop: asyncio.AbstractEventLoop, job: Future[Any]) -> None:
        def count() -> None:
            self._waiting -= 1

        if not loop.is_closed():
            loop.call_soon_threadsafe(count)

    def _as_json(self) -> Any:
        web = self._web

        def error(message: str, status: int, headers: Any = None) -> Any:
            content = json.dumps({"error": message})
            kind = "application/json"
            return web.Response(text=content, status=status, headers=headers, content_type=kind)

        @web.middleware
        async def middleware(request: Any, handler: Callable[..., Any]) -> Any:
            try:
                return await handler(request)
            except RequestError as wrong:
                headers = {"Retry-After": "1"} if wrong.status == 503 else None
                return error(str(wrong), wrong.status, headers)
            except web.HTTPRequestEntityTooLarge:
                return error(f"a request has at most {self._limits.max_body} bytes", 413)
            except web.HTTPException as wrong:
                allowed = wrong.headers.get("Allow")
                return error(wrong.reason, wrong.status, {"Allow": allowed} if allowed else None)
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception as wrong:
                request.app.logger.exception("a request failed")
                return error(f"the service failed: {type(wrong).__name__}", 500)

        return middleware

    async def _close(self, app: Any) -> None:
        self._pool.shutdown(cancel_futures=True)


def serve_index(
    folder: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    limits: Limits | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Serves an index folder until the process is told to stop (Ctrl-C, SIGTERM).

    What it is asked then is still answered. There is no password and no encryption: open it to
    others only behind a server that has both.

    Args:
        folder: what `gnn.runs.index_run` wrote.
        host: the address to listen at; the default is this machine alone.
        port: the port; 0 takes a free one.
        limits: what is borne.
        report: is told where it listens.

    Raises:
        FileNotFoundError: there is no index.
        ImportError: FAISS or aiohttp is not installed.
        OSError: the port is taken.
        ValueError: a file is damaged.
    """
    web = _import_aiohttp()
    served = open_index(folder)
    app = IndexService(served, limits).application()

    def told(text: str, *rest: Any, **options: Any) -> None:
        address = re.search(r"https?://\S+", text)
        if report is not None and address is not None:
            report(f"serving {len(served.index):,} items on {address[0]}")

    web.run_app(app, host=host, port=port, print=told, access_log=None, shutdown_timeout=10)


def _import_aiohttp() -> Any:
    try:
        from aiohttp import web
    except ImportError as error:
        raise ImportError(
            "gnn serve needs the package aiohttp: pip install 'gnn[serve]'"
        ) from error
    return web
