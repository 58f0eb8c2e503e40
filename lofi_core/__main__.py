"""`python -m lofi_core` is `lofi-core`."""

import sys

from lofi_core.cli.main import main

sys.exit(main())
