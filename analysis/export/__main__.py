"""`python -m analysis.export`."""

import sys

from analysis.export.command import main

sys.exit(main())
