"""`python -m rustgpt_lab.cli`: the command, without the setting up of `python -m rustgpt_lab`."""

import sys

from . import main

sys.exit(main())
