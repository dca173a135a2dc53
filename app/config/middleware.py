"""What happens around every request."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = Callable[[HttpRequest], HttpResponseBase]


def observe(get_response: View) -> View:
    return get_response


def guard(get_response: View) -> View:
    return get_response
