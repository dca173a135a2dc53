from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    pass


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    pass
