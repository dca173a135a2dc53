from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import invitations as visitor
from accounts.models import Invitation
from accounts.requests import SignedIn


@require_safe
def invitation(request: HttpRequest, text: str) -> HttpResponse:
    """The link of an invitation leads to the sign-up."""
    if request.user.is_authenticated:
        return redirect("/")
    if not visitor.remember(request, text):
        return render(request, "accounts/invitation_gone.html", status=410)
    return redirect("account_signup")


@staff_member_required(login_url="account_login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "POST"])
def invitations(request: SignedIn) -> HttpResponse:
    """Staff make links here, each for one person and seven days."""
    link = ""
    if request.method == "POST":
        _, text = Invitation.objects.make(request.user)
        link = request.build_absolute_uri(visitor.link_of(text))
    context = {"invitations": Invitation.objects.select_related("created_by", "used_by")[:50], "link": link}
    return render(request, "accounts/invitations.html", context, status=201 if link else 200)
