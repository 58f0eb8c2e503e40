"""What a user sees: the cells of a screen, kept from Neovim's redraw events, as lines of text."""

from __future__ import annotations

from typing import Any


class Screen:
    """The grid that `ui_attach(…, ext_linegrid=True)` describes. Behind a wide cell stands an empty one."""

    def __init__(self) -> None:
        self.cells: list[list[str]] = []
        self.highlights: list[list[int]] = []
        self.cursor = (0, 0)

    def take(self, batch: list[Any]) -> None:
        """Take in the arguments of one `redraw` notification."""
        for name, *calls in batch:
            change = getattr(self, f"_{name}", None)
            if change is not None:
                for arguments in calls:
                    change(*arguments)

    @property
    def lines(self) -> list[str]:
        """The rows as text, blanks at their ends left out."""
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self) -> str:
        """A screenshot."""
        return "\n".join(self.lines)

    def _grid_resize(self, _grid: int, width: int, height: int) -> None:
        rows = [row[:width] + [" "] * (width - len(row)) for row in self.cells[:height]]
        self.cells = rows + [[" "] * width for _ in range(height - len(rows))]
        self.highlights = [[0] * width for _ in range(height)]

    def _grid_clear(self, _grid: int) -> None:
        self.cells = [[" "] * len(row) for row in self.cells]
        self.highlights = [[0] * len(row) for row in self.cells]

    def _grid_cursor_goto(self, _grid: int, row: int, column: int) -> None:
        self.cursor = (row, column)

    def _grid_line(self, _grid: int, row: int, column: int, cells: list[Any], *_: Any) -> None:
        highlight = 0
        for text, *more in cells:
            highlight = more[0] if more else highlight
            for _repeat in range(more[1] if len(more) > 1 else 1):
                self.cells[row][column] = text
                self.highlights[row][column] = highlight
                column += 1

    def _grid_scroll(
        self, _grid: int, top: int, bottom: int, left: int, right: int, rows: int, _columns: int
    ) -> None:
        order = range(top, bottom - rows) if rows > 0 else range(bottom - 1, top - rows - 1, -1)
        for row in order:
            self.cells[row][left:right] = self.cells[row + rows][left:right]
            self.highlights[row][left:right] = self.highlights[row + rows][left:right]
