"""The error tree of Dosaku."""

from __future__ import annotations

from dosaku import errors
from dosaku.errors import DosakuError


def test_every_error_is_drawn_in_the_tree_at_the_top() -> None:
    drawn = errors.__doc__ or ""
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, DosakuError)]
    assert len(kinds) > 8
    assert [kind.__name__ for kind in kinds if kind.__name__ not in drawn] == []


def test_permissions_can_be_caught_as_value_errors_and_as_permission_errors() -> None:
    assert issubclass(errors.ServicePermissionRequired, PermissionError)
    assert issubclass(errors.ServicePermissionRequired, ValueError)
