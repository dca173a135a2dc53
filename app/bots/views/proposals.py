"""Changes that were proposed: the list, one with its difference, and the decision."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from bots import access, proposing
from bots.errors import NotFound
from bots.models import Bot
from bots.proposing import ProposalPage
from chat.views.doors import PersonRequest, for_people


@require_safe
@for_people
def proposals(request: PersonRequest, name: str) -> HttpResponse:
    found = proposing.visible_to(request.user, name)
    bot = Bot.objects.select_related("user", "owner", "author", "live").filter(user__username=name).first()
    about: dict[str, object] = {"name": name, "proposals": found[:100]}
    if bot is not None:
        about |= {"bot": bot, "may_edit": bot.may_be_edited_by(request.user), "tab": "proposals"}
        return render(request, "bots/proposals.html", about)
    if not found:
        raise NotFound(proposing.NO_PROPOSAL)
    return render(request, "bots/proposals_of_new.html", about)


@require_safe
@for_people
def proposal(request: PersonRequest, name: str, proposal_id: uuid.UUID) -> HttpResponse:
    page = ProposalPage(proposing.proposal_for(request.user, name, proposal_id), request.user)
    about = {"page": page, "proposal": page.proposal, "bot": page.bot, "reads_run": access.reads(request.user, page.proposal.run)}
    return render(request, "bots/proposal.html", about)


@require_POST
@for_people
def decision(request: PersonRequest, name: str, proposal_id: uuid.UUID) -> HttpResponse:
    found = proposing.proposal_for(request.user, name, proposal_id)
    base = request.POST.get("base", "")
    if request.POST.get("decision") == "accept":
        version = proposing.accept(request.user, found, int(base) if base.isdecimal() and len(base) < 10 else None)
        messages.success(request, f"Version {version} of {found.name} is live.")
    else:
        proposing.reject(request.user, found, request.POST.get("reason", ""))
        messages.success(request, "The change is rejected. The bot stays as it is.")
    return redirect("bot_proposal", name, proposal_id)


@require_POST
@for_people
def cases(request: PersonRequest, name: str, proposal_id: uuid.UUID) -> HttpResponse:
    """How the proposed text does in its cases, for whoever decides."""
    proposing.run_cases(request.user, proposing.proposal_for(request.user, name, proposal_id))
    return redirect("bot_proposal", name, proposal_id)
