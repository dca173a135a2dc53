from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.models import ApiToken
from accounts.requests import SignedIn


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: SignedIn) -> HttpResponse:
    """A person's API tokens. A new one's text is in this one answer and nowhere else."""
    form = TokenForm(request.POST or None)
    text = ""
    if request.method == "POST" and form.is_valid():
        _, text = ApiToken.objects.make(request.user, form.cleaned_data["name"], [form.cleaned_data["scope"]])
        form = TokenForm()
    context = {"form": form, "tokens": ApiToken.objects.filter(user=request.user, revoked_at=None), "text": text}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 201 if text else 200)


@login_required
@require_POST
def revocation(request: SignedIn, pk: int) -> HttpResponse:
    """End a token now."""
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    token.revoke()
    messages.success(request, f"The token “{token.name}” is revoked.")
    return redirect("tokens")
