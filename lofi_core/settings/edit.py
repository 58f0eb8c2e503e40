"""Write values into `config.toml`, and leave everything else in it as it is, comments included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidParams
from lofi_core.files import replace_file
from lofi_core.settings.keys import parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def set_values(path: Path, values: Mapping[str, Any]) -> None:
    """Set dotted keys. The file and its directory are made where they are not there.

    Raises:
        InvalidParams: the file is no TOML, or has a value where a table belongs.
        OSError: it cannot be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    file = path.resolve()  # a link to where somebody keeps their dotfiles stays one
    text = file.read_text("utf-8") if file.exists() else ""
    try:
        document = tomlkit.parse(text)
        for key, value in values.items():
            *tables, name = parts(key)
            table = document
            for part in tables:
                if part not in table:
                    table[part] = tomlkit.table(is_super_table=part != tables[-1])
                table = table[part]
            table[name] = value
    except (TOMLKitError, TypeError) as error:
        raise InvalidParams(
            f"cannot set a value in {path}: {error}", "mend the file, or write it by hand"
        ) from error
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, tomlkit.dumps(document).encode())
