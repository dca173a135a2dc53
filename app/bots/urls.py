"""Pages of bots."""

from django.urls import include, path

from bots.views import corrections, feedback, mending, pictures, regenerations, run_page, runs, strip
from bots.views.approvals import approval
from bots.views.questions import question

urlpatterns = [
    path("", include("bots.editor_urls")),
    path("approvals/<uuid:approval_id>/", approval, name="approval"),
    path("questions/<uuid:question_id>/", question, name="question"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/correction/", corrections.correction, name="correction"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/feedback/", feedback.feedback, name="feedback"),
    path("runs/<uuid:run_id>/strip/", strip.steps, name="run_strip"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/regeneration/", regenerations.regenerate, name="message_regeneration"),
    path("bots/<str:name>/picture/<str:file>", pictures.picture, name="bot_picture"),
    path("runs/<uuid:run_id>/cancellation/", runs.cancel, name="run_cancellation"),
    path("runs/<uuid:run_id>/retry/", mending.retry, name="run_retry"),
    path("runs/<uuid:run_id>/", run_page.page, name="run"),
    path("runs/<uuid:run_id>/steps/<int:index>/", run_page.step, name="run_step"),
    path("runs/<uuid:run_id>/export/", run_page.export, name="run_export"),
    path("runs/<uuid:run_id>/replay/", mending.replay_run, name="run_replay"),
    path("runs/<uuid:run_id>/takeover/", mending.takeover, name="run_takeover"),
    path("bots/", include("bots.bot_urls")),
]
