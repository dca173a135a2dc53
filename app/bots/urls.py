"""Pages of bots."""

from django.urls import path

from bots.views import pictures, runs

urlpatterns = [
    path("bots/<str:name>/picture/<str:file>", pictures.picture, name="bot_picture"),
    path("runs/<uuid:run_id>/cancellation/", runs.cancel, name="run_cancellation"),
    path("runs/<uuid:run_id>/retry/", runs.retry, name="run_retry"),
]
