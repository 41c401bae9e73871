"""The live page. It shows nothing itself: its script reads the REST API with the same token, kept in a cookie."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from fed_common.access.authentication import COOKIE, address_of, recognise
from fed_common.core.kinds import Kind

COOKIE_SECONDS = 30 * 24 * 3600
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

View = Callable[[HttpRequest], HttpResponse]


def guarded(view: View) -> View:
    """The browser runs only our own script, frames us nowhere and keeps no copy."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response["Content-Security-Policy"] = CONTENT_POLICY
        response["Cache-Control"] = "no-store"
        return response

    return answer


@guarded
@require_safe
@csrf_protect
def page(request: HttpRequest) -> HttpResponse:
    """The live page for who has a token; ``?token=`` is moved from the address into the cookie."""
    if "token" in request.GET:
        return _enter(request, request.GET["token"])
    return _shown(request, "events", "page", kinds=list(Kind), demo_vim=settings.DEMO_VIM)


@guarded
@require_safe
@csrf_protect
def clouds(request: HttpRequest) -> HttpResponse:
    """The registered clouds and their VMs, for who has a token."""
    return _shown(request, "clouds")


@guarded
@require_safe
@csrf_protect
def vnfs(request: HttpRequest) -> HttpResponse:
    """The VNFs and the health of their members, for who has a token."""
    return _shown(request, "vnfs")


@guarded
@require_safe
@csrf_protect
def alarms(request: HttpRequest) -> HttpResponse:
    """What is wrong now, for who has a token."""
    return _shown(request, "alarms")


@guarded
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
def login(request: HttpRequest) -> HttpResponse:
    """A form for the token."""
    if request.method == "POST":
        return _enter(request, request.POST.get("token", "").strip())
    if _known(request, request.COOKIES.get(COOKIE, "")):
        return HttpResponseRedirect("/")
    return render(request, "web/login.html")


@guarded
@require_POST
@csrf_protect
def logout(_request: HttpRequest) -> HttpResponse:
    """Forget the token in this browser."""
    response = HttpResponseRedirect("/login")
    response.delete_cookie(COOKIE, samesite="Strict")
    return response


def _shown(request: HttpRequest, shows: str, template: str = "", **more: Any) -> HttpResponse:
    """The page, for who has a token."""
    if not _known(request, request.COOKIES.get(COOKIE, "")):
        return HttpResponseRedirect("/login")
    told = {"shows": shows, "gateway": request.get_host(), "locked": _locked(), **more}
    return render(request, f"web/{template or shows}.html", told)


def _enter(request: HttpRequest, token: str) -> HttpResponse:
    if not _known(request, token):
        return render(request, "web/login.html", {"refused": True}, status=401)
    response = HttpResponseRedirect("/")
    response.set_cookie(
        COOKIE, token, COOKIE_SECONDS, httponly=True, samesite="Strict", secure=request.is_secure()
    )
    return response


def _known(request: HttpRequest, token: str) -> bool:
    try:
        return not _locked() or bool(token and recognise(token, address_of(request)))
    except (AuthenticationFailed, PermissionDenied):  # Keystone knows it, but it is good for nothing here
        return False


def _locked() -> bool:
    return bool(settings.AUTH != "none")
