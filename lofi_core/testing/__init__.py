"""The conformance kit: does a backend keep what lofi-core, players and listeners rely on?

`pytest --lofi-backend NAME` asks an installed backend; a test file asks with a line of its own:

    conformance = Conformance("NAME")

`docs/writing-a-backend.md` says what is asked. Nothing here is imported by the rest of lofi-core, and only
`plugin.py` and `items.py` know pytest.
"""

from lofi_core.testing.conformance import Conformance

__all__ = ["Conformance"]
