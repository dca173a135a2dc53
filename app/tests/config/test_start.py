from django.test import Client


def test_healthz_answers_without_a_database() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}
