"""`python -m analysis.build`."""

import sys

from analysis.build.command import main

sys.exit(main())
