"""How does pytest run the checks? Imported only where a backend is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.testing.checks import CHECKS
from lofi_core.testing.conformance import NotAsked, Unfit
from lofi_core.testing.kit import Kit

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from lofi_core.testing.checks import Check
    from lofi_core.testing.conformance import Conformance

NOTE = "lofi-core"


class Examination(pytest.Collector):
    """All checks of one backend. What they share lasts as long as it does."""

    def __init__(self, *, conformance: Conformance, **where: Any) -> None:
        super().__init__(**where)
        self._conformance = conformance
        self._kit: Kit | None = None

    def collect(self) -> Iterable[pytest.Item]:
        """One test for each check, by the name of its function."""
        for check in CHECKS:
            yield CheckItem.from_parent(self, name=check.__name__, check=check)

    @property
    def kit(self) -> Kit:
        """Made when the first check runs."""
        if self._kit is None:
            self._kit = Kit(self._conformance)
        return self._kit

    def teardown(self) -> None:
        """End what the checks had started."""
        if self._kit is not None:
            self._kit.close()
            self._kit = None


class CheckItem(pytest.Item):
    """One check of one backend."""

    parent: Examination

    def __init__(self, *, check: Check, **where: Any) -> None:
        super().__init__(**where)
        self._check = check

    def runtest(self) -> None:
        """Run it; its notes go where reports go, through other processes too."""
        kit = self.parent.kit
        try:
            self._check(kit)
        except NotAsked as reason:
            pytest.skip(str(reason))
        finally:
            self.user_properties += [(NOTE, f"{kit.wanted.backend}: {note}") for note in kit.notes]
            kit.notes.clear()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A failed check tells what to change, without the kit's own frames."""
        if isinstance(excinfo.value, Unfit):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Where it is: the test file, or the backend's name where there is none."""
        place, _, name = self.nodeid.partition("::")
        return self.config.rootpath / place, None, name
