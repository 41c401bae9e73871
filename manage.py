#!/usr/bin/env python
"""Every process of the gateway is one of its commands: ``manage.py help`` lists them."""

import os
import sys

from fed_common.core.errors import Invalid


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except Invalid as error:
        sys.exit(f"cannot start: {error}")


if __name__ == "__main__":
    main()
