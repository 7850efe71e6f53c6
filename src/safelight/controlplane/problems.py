"""Errors as RFC 9457 problem details, with two members of our own: ``rule`` and ``next_step``.

The status follows from the kind of error, and for a refusal from its rule. Internals are shown to nobody: an
unexpected error is logged under a correlation id, and the client is told the id. Input values are never repeated.
"""

import secrets
from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from safelight.domain.errors import Denied, PeerProtocolError, Refusal, TargetUnavailable
from safelight.ports.audit import AuditUnavailable
from safelight.ports.store import StoreConflict, StoreUnavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:safelight:problem:"
"""Problem types are names (RFC 9457 §3.1.1 allows any URI); nothing has to be served there."""


class Problem(BaseModel):
    """RFC 9457 §3. ``type`` ends with the rule."""

    type: str
    title: str
    status: int
    detail: str
    rule: str
    next_step: str
    errors: list[str] = Field(default_factory=list)


class ApiProblem(Exception):
    """A problem found by the API itself."""

    def __init__(self, status: int, refusal: Refusal, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(refusal.message)
        self.status = status
        self.refusal = refusal
        self.headers = dict(headers or {})


_TITLES = {
    400: "Bad request", 401: "Not logged in", 403: "Refused", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 413: "Too large", 422: "Invalid input", 429: "Too many requests", 500: "Internal error",
    502: "Target unavailable", 503: "Unavailable",
}  # fmt: skip

_STATUS_OF_RULE = {"login.refused": 401, "login.code": 401, "login.busy": 429}
_STATUS_OF_LAST_WORD = {
    "unknown": 404, "gone": 404, "subject": 404,
    "too_many": 429, "rate": 429,
    "over": 409, "changed": 409, "decided": 409, "exists": 409, "closed": 409, "confirmed": 409, "expired": 409,
    "empty": 422, "reason": 422, "duration": 422, "name": 422, "groups": 422, "text": 422, "password_length": 422,
}  # fmt: skip


def status_of(rule: str) -> int:
    """The status for a refusal: 403 unless its rule says that something is missing, in the way, or too often."""
    return _STATUS_OF_RULE.get(rule) or _STATUS_OF_LAST_WORD.get(rule.rsplit(".", 1)[-1], 403)


def problem_response(
    status: int, refusal: Refusal, headers: Mapping[str, str] | None = None, errors: list[str] | None = None
) -> JSONResponse:
    content = Problem(
        type=TYPE_BASE + refusal.rule,
        title=_TITLES.get(status, "Problem"),
        status=status,
        detail=refusal.message,
        rule=refusal.rule,
        next_step=refusal.next_step,
        errors=errors or [],
    )
    return JSONResponse(content.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(ApiProblem, _api_problem)
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AuditUnavailable, _audit_unavailable)
    app.add_exception_handler(StoreUnavailable, _store_unavailable)
    app.add_exception_handler(StoreConflict, _store_conflict)
    app.add_exception_handler(TargetUnavailable, _target_unavailable)
    app.add_exception_handler(PeerProtocolError, _target_unavailable)
    app.add_exception_handler(Exception, unexpected)


async def _api_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)
    return problem_response(error.status, error.refusal, error.headers)


async def _denied(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Denied)
    status = status_of(error.refusal.rule)
    return problem_response(status, error.refusal, {"WWW-Authenticate": "Bearer"} if status == 401 else None)


async def _http_exception(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        refusal = Refusal("http.unknown-path", "there is no such resource", "see /api/v1/openapi.json")
    elif error.status_code == 405:
        refusal = Refusal("http.method", "this resource does not take this method", "see /api/v1/openapi.json")
    elif error.status_code == 413:
        refusal = Refusal("http.body-size", "the body is too large", "send less at a time")
    else:
        refusal = Refusal("http.refused", _TITLES.get(error.status_code, "refused"), "see /api/v1/openapi.json")
    return problem_response(error.status_code, refusal, error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
    refusal = Refusal("http.invalid", f"the input is not valid: {errors[0] if errors else ''}", "see openapi.json")
    return problem_response(422, refusal, errors=errors)


async def _audit_unavailable(_: Request, error: Exception) -> JSONResponse:
    log.error("audit log unavailable", error=str(error))
    refusal = Refusal(
        "audit.unavailable",
        "the audit log cannot be written, so nothing is done",
        "ask whoever runs the gateway: safelight doctor",
    )
    return problem_response(503, refusal)


async def _store_unavailable(_: Request, error: Exception) -> JSONResponse:
    log.error("store unavailable", error=str(error))
    refusal = Refusal(
        "store.unavailable", "the store cannot be used, so nothing is done", "ask whoever runs the gateway"
    )
    return problem_response(503, refusal)


async def _store_conflict(_: Request, error: Exception) -> JSONResponse:
    log.warning("store conflict", error=str(error))
    return problem_response(
        409, Refusal("store.conflict", "this contradicts what is stored", "look again, then retry")
    )


async def _target_unavailable(_: Request, error: Exception) -> JSONResponse:
    log.warning("target unavailable", error=str(error))
    refusal = Refusal("target.unavailable", "the target cannot be reached", "safelight doctor")
    return problem_response(502, refusal)


async def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Our own fault: logged with its traceback, told as an id."""
    correlation = secrets.token_hex(6)
    log.error("unexpected error", correlation=correlation, method=request.method, exc_info=error)
    refusal = Refusal(
        "internal.error",
        f"the gateway failed; the reference is {correlation}",
        "tell whoever runs the gateway the reference",
    )
    return problem_response(500, refusal)
