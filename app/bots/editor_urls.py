"""Pages where bots are written, and what they ask meanwhile."""

from django.urls import path

from bots.views import editor, proposals

urlpatterns = [
    path("bots/schema/", editor.schema, name="bot_schema"),
    path("bots/new/", editor.new, name="bot_new"),
    path("bots/new/save/", editor.save, name="bot_new_save"),
    path("bots/new/check/", editor.check, name="bot_new_check"),
    path("bots/new/cases/", editor.cases, name="bot_new_cases"),
    path("bots/new/trial/", editor.trial, name="bot_new_trial"),
    path("bots/<str:name>/proposals/", proposals.proposals, name="bot_proposals"),
    path("bots/<str:name>/proposals/<uuid:proposal_id>/", proposals.proposal, name="bot_proposal"),
    path("bots/<str:name>/proposals/<uuid:proposal_id>/decision/", proposals.decision, name="bot_proposal_decision"),
    path("bots/<str:name>/proposals/<uuid:proposal_id>/cases/", proposals.cases, name="bot_proposal_cases"),
    path("bots/<str:name>/edit/", editor.edit, name="bot_edit"),
    path("bots/<str:name>/edit/save/", editor.save, name="bot_edit_save"),
    path("bots/<str:name>/edit/check/", editor.check, name="bot_edit_check"),
    path("bots/<str:name>/edit/cases/", editor.cases, name="bot_edit_cases"),
    path("bots/<str:name>/edit/trial/", editor.trial, name="bot_edit_trial"),
]
