"""Pages of one bot, below /bots/."""

from django.urls import path

from bots.views import bot_pages, cases, versions

urlpatterns = [
    path("", bot_pages.directory, name="bots"),
    path("<str:name>/", bot_pages.bot, name="bot"),
    path("<str:name>/gap/", bot_pages.beside, name="bot_gap"),
    path("<str:name>/runs/", bot_pages.runs, name="bot_runs"),
    path("<str:name>/versions/", versions.versions, name="bot_versions"),
    path("<str:name>/versions/<int:number>/", versions.version, name="bot_version"),
    path("<str:name>/versions/<int:number>/restoration/", versions.restore, name="bot_restoration"),
    path("<str:name>/versions/<int:number>/cases/", cases.run, name="version_cases"),
    path("<str:name>/cases/", cases.cases, name="bot_cases"),
    path("<str:name>/cases/<int:case_id>/confirmation/", cases.confirm, name="case_confirmation"),
    path("<str:name>/cases/<int:case_id>/saving/", cases.save, name="case_saving"),
    path("<str:name>/cases/<int:case_id>/edit/", cases.edit, name="case_editing"),
    path("<str:name>/cases/<int:case_id>/dropping/", cases.drop, name="case_dropping"),
]
