"""Pages of accounts. Of allauth's pages only those that we use have an address."""

from allauth.account import views as allauth
from django.urls import path, re_path

from accounts.views.invitations import invitation, invitations
from accounts.views.profile import profile
from accounts.views.tokens import revocation, tokens

urlpatterns = [
    path("account/login/", allauth.login, name="account_login"),
    path("account/logout/", allauth.logout, name="account_logout"),
    path("account/signup/", allauth.signup, name="account_signup"),
    path("account/inactive/", allauth.account_inactive, name="account_inactive"),
    path("account/password/change/", allauth.password_change, name="account_change_password"),
    path("account/password/set/", allauth.password_set, name="account_set_password"),
    path("account/password/reset/", allauth.password_reset, name="account_reset_password"),
    path("account/password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    path("account/password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    # A key holds hyphens too, so the first one is where the user ends.
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("profile/", profile, name="profile"),
    path("profile/tokens/", tokens, name="tokens"),
    path("profile/tokens/<int:pk>/revocation/", revocation, name="token_revocation"),
    path("invite/", invitations, name="invitations"),
    path("invite/<str:text>/", invitation, name="invitation"),
]
