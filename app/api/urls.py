"""/api/v1/: one line for each resource."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, include, path, re_path
from ninja import NinjaAPI

from api import errors
from api.auth import for_chat
from api.docs import Page
from api.parsing import StrictParser
from api.v1 import (
    alternatives,
    attachments,
    bots,
    budgets,
    commands,
    drafts,
    heartbeats,
    judging,
    mending,
    messages,
    rooms,
    runs,
    sendings,
    users,
    workshop,
)

api = NinjaAPI(
    title="Parley",
    version="1",
    urls_namespace="api",
    auth=for_chat,
    parser=StrictParser(),
    docs=Page(),
    docs_decorator=login_required,
)
errors.install(api)

api.add_router("/users", users.router)
api.add_router("/rooms", rooms.router)
api.add_router("", commands.router)
api.add_router("", messages.router)
api.add_router("", attachments.router)
api.add_router("", alternatives.router)
api.add_router("", judging.router)
api.add_router("", runs.router)
api.add_router("", mending.router)
api.add_router("", sendings.router)
api.add_router("", bots.router)
api.add_router("", budgets.router)
api.add_router("", drafts.router)
api.add_router("", heartbeats.router)
api.add_router("", workshop.router)

patterns, application, namespace = api.urls
shaped = [errors.in_one_shape(each) for each in patterns if isinstance(each, URLPattern)]
urlpatterns = [
    path("api/v1/", include((shaped, application), namespace=namespace)),
    re_path(r"^api/", errors.not_found),
]
