"""Validation errors as pydantic 2 words them, which is how both providers' servers answer 422."""

from __future__ import annotations

import re
from typing import Any

Complaint = dict[str, Any]
Location = tuple[str | int, ...]

_DIGITS = re.compile(r"^[+-]?\d+(\.0*)?$")
_NO_INTEGER: dict[type, tuple[str, str]] = {
    float: ("int_from_float", ", got a number with a fractional part"),
    str: ("int_parsing", ", unable to parse string as an integer"),
}


def complaint(kind: str, at: Location, message: str, given: Any, ctx: dict[str, Any] | None = None) -> Complaint:
    """One error: its type, where, the sentence, what was given, and the bound that it broke."""
    error: Complaint = {"type": kind, "loc": list(at), "msg": message, "input": given}
    if ctx is not None:
        error["ctx"] = ctx
    return error


def missing(at: Location, given: Any) -> Complaint:
    """A required field that is not there."""
    return complaint("missing", at, "Field required", given)


def check_integer(at: Location, given: Any) -> tuple[int | None, Complaint | None]:
    """Read an integer as pydantic's lax mode does: 5, 5.0 and "5" are one."""
    if isinstance(given, int):
        return int(given), None
    if isinstance(given, float) and given.is_integer():
        return int(given), None
    if isinstance(given, str) and _DIGITS.match(given.strip()):
        return int(float(given)), None
    kind, more = _NO_INTEGER.get(type(given), ("int_type", ""))
    return None, complaint(kind, at, f"Input should be a valid integer{more}", given)


def check_number(at: Location, given: Any) -> tuple[float | None, Complaint | None]:
    """Read a number as pydantic's lax mode does."""
    if isinstance(given, (bool, int, float)):
        return float(given), None
    if isinstance(given, str):
        try:
            return float(given), None
        except ValueError:
            sentence = "Input should be a valid number, unable to parse string as a number"
            return None, complaint("float_parsing", at, sentence, given)
    return None, complaint("float_type", at, "Input should be a valid number", given)


_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


def check_boolean(at: Location, given: Any) -> Complaint | None:
    """What pydantic's lax mode says against a boolean."""
    if isinstance(given, bool) or (isinstance(given, (int, float)) and given in {0, 1}):
        return None
    if isinstance(given, str):
        if given.lower() in _TRUE | _FALSE:
            return None
        sentence = "Input should be a valid boolean, unable to interpret input"
        return complaint("bool_parsing", at, sentence, given)
    return complaint("bool_type", at, "Input should be a valid boolean", given)


def truth(given: Any) -> bool:
    """The boolean that a value accepted by ``check_boolean`` means."""
    return given.lower() in _TRUE if isinstance(given, str) else bool(given)


def check_string(at: Location, given: Any) -> Complaint | None:
    """What pydantic says against a string."""
    return None if isinstance(given, str) else complaint("string_type", at, "Input should be a valid string", given)


def check_bounds(at: Location, given: Any, number: float, low: float | None, high: float | None) -> Complaint | None:
    """What pydantic says against a number outside of its inclusive bounds."""
    if low is not None and number < low:
        sentence = f"Input should be greater than or equal to {shown(low)}"
        return complaint("greater_than_equal", at, sentence, given, {"ge": low})
    if high is not None and number > high:
        sentence = f"Input should be less than or equal to {shown(high)}"
        return complaint("less_than_equal", at, sentence, given, {"le": high})
    return None


def check_choice(at: Location, given: Any, choices: list[Any], *, kind: str = "literal_error") -> Complaint | None:
    """What pydantic says against a value that is none of the choices (``kind``: literal_error or enum)."""
    if given in choices and not isinstance(given, bool):
        return None
    expected = spelled(choices)
    return complaint(kind, at, f"Input should be {expected}", given, {"expected": expected})


def spelled(choices: list[Any]) -> str:
    """``'a', 'b' or 'c'``."""
    words = [repr(choice) for choice in choices]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def shown(number: float) -> str:
    """A bound in a sentence: 3 and not 3.0."""
    return str(int(number)) if float(number).is_integer() else str(number)
