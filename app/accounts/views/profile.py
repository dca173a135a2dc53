from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.adapter import Adapter
from accounts.forms import ProfileForm
from accounts.requests import SignedIn


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: SignedIn) -> HttpResponse:
    """A person's own name, address and time zone."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        if form.old_address:
            Adapter(request).send_mail("account/email/address_changed", form.old_address, {"user": request.user})
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)
