"""Files: where they go, what happens when they cannot be written, what a picture may cost, who is asked."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from fluxroom.cli.delivering import Dollars, check_target, deliver
from fluxroom.cli.making import ASK_ABOVE, _affordable, _confirmed
from fluxroom.cli.problems import as_object, sentence
from fluxroom.errors import BudgetExceeded, StorageFull, StorageUnwritable, Unavailable
from fluxroom.types import Quote


class Picture:
    """Stands for a picture; `saved` says where it went."""

    job = "0123456789abcdefghjkmn"

    def __init__(self, error: Exception | None = None) -> None:
        self.saved: list[tuple[Path, bool]] = []
        self._error = error

    def save(self, path: Path, *, metadata: bool) -> Path:
        if self._error:
            raise self._error
        self.saved.append((path, metadata))
        return path


def delivered(pictures: list[Picture], output: str | None, *, metadata: bool = True) -> list[Path]:
    return deliver(pictures, output, metadata=metadata)  # type: ignore[arg-type]  # stand-ins


class TestDeliver:
    def test_one(self) -> None:
        one = Picture()
        assert delivered([one], "fox.png", metadata=False) == [Path("fox.png")]
        assert one.saved == [(Path("fox.png"), False)]

    def test_several(self) -> None:
        assert delivered([Picture(), Picture()], "a/fox.png") == [Path("a/fox-1.png"), Path("a/fox-2.png")]

    def test_a_name_without_suffix(self) -> None:
        assert delivered([Picture(), Picture()], "fox") == [Path("fox-1"), Path("fox-2")]

    def test_the_home_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        assert delivered([Picture()], "~/fox.png") == [tmp_path / "fox.png"]

    @pytest.mark.parametrize("error", [StorageFull("no room"), StorageUnwritable("read-only")])
    def test_a_failed_write_says_where_the_picture_is(self, error: StorageFull | StorageUnwritable) -> None:
        with pytest.raises(type(error)) as told:
            delivered([Picture(error)], "fox.png")
        assert "safe in the data folder" in told.value.detail
        assert "fluxroom jobs save efghjkmn -o FILE" not in told.value.detail
        assert f"jobs save {Picture.job[-8:]}" in told.value.next_step


class TestTarget:
    def test_nothing_given_is_the_current_folder(self) -> None:
        check_target(None)

    def test_a_folder_and_a_new_file(self, tmp_path: Path) -> None:
        check_target(str(tmp_path))
        check_target(str(tmp_path / "new.png"))

    def test_an_old_file_is_written_over(self, photo: Path) -> None:
        check_target(str(photo))

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StorageUnwritable, match="There is no folder"):
            check_target(str(tmp_path / "none" / "fox.png"))

    def test_a_file_as_folder(self, photo: Path) -> None:
        with pytest.raises(StorageUnwritable):
            check_target(str(photo / "fox.png"))

    def test_rights_are_looked_at(self, monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
        monkeypatch.setattr(os, "access", lambda path, _: Path(path) != photo)
        with pytest.raises(StorageUnwritable, match=r"photo\.png cannot be written"):
            check_target(str(photo))
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(StorageUnwritable, match="cannot be written"):
            check_target("fox.png")


class TestMoney:
    @pytest.mark.parametrize(("text", "amount"), [("0.10", "0.10"), ("$2", "2"), ("0", "0"), ("1e-2", "0.01")])
    def test_amounts(self, text: str, amount: str) -> None:
        assert Dollars().convert(text, None, None) == Decimal(amount)

    @pytest.mark.parametrize("text", ["", "ten", "-0.1", "NaN", "Infinity", "0,10"])
    def test_no_amounts(self, text: str) -> None:
        with pytest.raises(click.BadParameter):
            Dollars().convert(text, None, None)

    def test_at_most_means_at_most(self) -> None:
        _affordable(plan("0.03", "0.03"), Decimal("0.03"))
        with pytest.raises(BudgetExceeded):
            _affordable(plan("0.03", "0.031"), Decimal("0.03"))

    def test_no_limit_no_refusal(self) -> None:
        _affordable(plan("900", None), None)

    def test_an_open_price_is_above_every_limit(self) -> None:
        with pytest.raises(BudgetExceeded, match="at least"):
            _affordable(plan("0.01", None), Decimal(5))


def plan(low: str, high: str | None, images: int = 1) -> Any:
    quote = Quote(low=Decimal(low), high=None if high is None else Decimal(high), formula="", source="", images=images)
    return SimpleNamespace(quote=quote, route="bfl/flux-2-pro", model="flux-2-pro", provider="bfl")


class TestAsking:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        seen: list[str] = []
        monkeypatch.setattr(click, "confirm", lambda text, **_: seen.append(text))
        return seen

    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr("fluxroom.cli.making.sys", SimpleNamespace(stdin=stream, stderr=stream))

    @pytest.mark.usefixtures("terminal")
    def test_an_expensive_request_is_asked_about(self, asked: list[str]) -> None:
        expensive = plan("3", "3", 100)
        _confirmed(expensive)
        assert asked == [f"100 pictures by bfl/flux-2-pro for {expensive.quote.text}: go on?"]

    @pytest.mark.usefixtures("terminal")
    def test_an_open_price_counts_with_its_least(self, asked: list[str]) -> None:
        _confirmed(plan("2", None))
        assert asked[0].startswith("1 picture by")

    @pytest.mark.usefixtures("terminal")
    def test_a_usual_one_is_not(self, asked: list[str]) -> None:
        _confirmed(plan("0.03", str(ASK_ABOVE)))
        assert asked == []

    def test_nobody_is_asked_in_a_script(self, asked: list[str]) -> None:
        _confirmed(plan("3", "3"))
        assert asked == []


class TestSentence:
    def test_what_why_next(self) -> None:
        text = sentence(Unavailable("BFL answered 503.", model="flux-2-pro"))
        assert text == (
            "The provider could not be reached or is overloaded — BFL answered 503 — "
            "Try again in a few minutes, or use the other provider's route of this model."
        )

    def test_without_a_detail_the_sentence_stands_alone(self) -> None:
        assert sentence(StorageFull()).startswith("The disk of the data folder is full — Make room")

    @pytest.mark.parametrize(("charge", "words"), [("charged", "It was charged"), ("unknown", "is not known")])
    def test_the_money_is_said_where_it_may_be_gone(self, charge: str, words: str) -> None:
        assert words in sentence(Unavailable("x", charge=charge))

    def test_nothing_is_said_of_money_that_was_not_spent(self) -> None:
        assert "charged" not in sentence(Unavailable("x", charge="not_charged"))

    def test_model_from_the_route(self) -> None:
        from fluxroom.errors import InvalidParams

        assert "`fluxroom models show flux-2-flex`" in sentence(InvalidParams("x", route="bfl/flux-2-flex"))

    def test_for_programs(self) -> None:
        found = as_object(Unavailable("x", provider="bfl"), ["-m fal/flux-2-pro (…)"])
        assert found["exit_code"] == 5
        assert found["provider"] == "bfl"
        assert found["suggestions"] == ["-m fal/flux-2-pro (…)"]
        assert "suggestions" not in as_object(Unavailable("x"), [])
