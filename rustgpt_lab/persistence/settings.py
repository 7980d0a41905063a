"""Settings of other people's files: looked up by name and type, and none left unread that could change the result."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import FileError

MISSING: Any = object()


class Settings:
    """Settings by name; what was asked for is remembered.

    Args:
        found: name -> value.
        where: what the names lie under in the file, for errors.
    """

    def __init__(self, found: Mapping[str, Any], where: str = ""):
        self.found, self.where, self.seen = found, where, set[str]()

    def get(self, name: str, kind: Any, default: Any = MISSING) -> Any:
        """A setting of a type: int (from 1 on), float, bool, str or dict; None in the file is as if it were not there.

        Raises:
            FileError: it is missing, or of another type.
        """
        self.seen.add(name)
        value: Any = self.found.get(name)
        if value is None:
            if default is MISSING:
                raise FileError("missing field", path=self.where + name, expected=kind.__name__)
            return default
        if kind is float and type(value) is int and abs(value) < 1 << 53:
            value = float(value)
        if type(value) is not kind or (kind is int and value < 1):
            expected = "a whole number from 1" if kind is int else kind.__name__
            raise FileError("type", path=self.where + name, expected=expected, got=f"{value!r:.60}")
        return value

    def require(self, name: str, *good: Any) -> None:
        """Refuse a setting that is there and not one of those that we compute.

        Raises:
            FileError: the model asks for something else.
        """
        self.seen.add(name)
        value = self.found.get(name)
        if value is not None and not any(type(value) is type(each) and value == each for each in good):
            expected = " or ".join(map(repr, good)) or "no such setting"
            raise FileError("not computed", path=self.where + name, expected=expected, got=f"{value!r:.60}")

    def no_others(self, harmless: Iterable[str]) -> None:
        """Refuse settings that nobody asked for, unless they are `harmless` or switched off.

        Raises:
            FileError: there is one.
        """
        for name in sorted(self.found.keys() - self.seen - set(harmless)):
            self.require(name, False)
