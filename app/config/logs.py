"""One line for each thing that happened, with secrets taken out and control characters escaped."""

import logging.config
from typing import Any


def configure(options: dict[str, Any]) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"stderr": {"class": "logging.StreamHandler"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
        }
    )
