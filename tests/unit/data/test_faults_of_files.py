"""One message lists all that is wrong with a file, each once with its line; following its advice reads the file."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsforecast.cli.backtest import build_parser
from tsforecast.cli.reading import read_panel
from tsforecast.exceptions import DataError, DuplicateTimeError

QUIET = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(path, *words):
    """The panel that the command line reads."""
    return read_panel(build_parser().parse_args([str(path), *words]))[0]


def following_the_advice(path, *words):
    """The message of the first try, and the panel of the second, with the options that the message names."""
    with pytest.raises(DataError) as told:
        attempt(path, *words)
    message, advice = str(told.value), told.value.advice
    assert advice and all(word in message for word in advice)
    return message, attempt(path, *words, *advice)


# Four files as analysts have them.


def german_export(path):
    """A workbook's export: title, units, decimal commas, a total, a note, cp1252."""
    months = pd.date_range("2021-01-01", periods=24, freq="MS")
    rows = "".join(f"{t:%m.%Y};{1 + i % 7}.{100 + 3 * i},50;{90 + i},25\n" for i, t in enumerate(months))
    above = "Umsätze nach Filialen;;\nStand: 01.02.2023;;\n;;\nMonat;Nord;Süd\nMM.JJJJ;EUR;EUR\n"
    text = f"{above}{rows}Summe;9;9\n;;\nQuelle: SAP;;\n"
    path.write_bytes(text.encode("cp1252"))


def test_a_german_export_is_read_at_once(tmp_path):
    german_export(tmp_path / "umsatz.csv")
    panel = attempt(tmp_path / "umsatz.csv")
    assert panel.ids.tolist() == ["Nord", "Süd"] and panel.lengths.tolist() == [24, 24]
    assert panel.series(0)[:2].tolist() == [1100.5, 2103.5]


def test_sales_with_two_keys_and_duplicates(tmp_path):
    lines = ["Datum,Filiale,Produkt,Menge,Bemerkung"]
    for day in pd.date_range("2024-01-01", periods=12):
        lines += [
            f"{day:%Y-%m-%d},{f},{p},{day.day},{'neu' if day.day == 9 else ''}" for f in "NS" for p in ("Tee", "Kaffee")
        ]
    (tmp_path / "sales.csv").write_text("\n".join([*lines[:10], lines[9], *lines[10:]]) + "\n")
    message, panel = following_the_advice(tmp_path / "sales.csv")
    assert (
        "--id_col Filiale Produkt --time_col Datum --target_col Menge" in message and "line 10 and line 11" in message
    )
    assert panel.n_series == 4 and (panel.lengths == 12).all() and "N/Tee" in panel.ids


def test_weeks_with_gaps_in_another_encoding(tmp_path):
    weeks = [f"2023-W{i:02}" for i in range(1, 53) if i not in (7, 8, 30)]
    rows = "".join(f"{week}\t{3 * i}\t{'k.A.' if i == 5 else i}\n" for i, week in enumerate(weeks))
    (tmp_path / "weeks.csv").write_bytes(f"Woche\tMünchen\tKöln\n{rows}".encode("cp1252"))
    message, panel = following_the_advice(tmp_path / "weeks.csv")
    assert "'k.A.' in line 7" in message and "from line 7 to line 8" in message and "2 gaps" in message
    assert panel.lengths.tolist() == [52, 52] and np.isnan(panel.series(1)).sum() == 4


def test_months_with_dots_between_thousands(tmp_path):
    months = pd.date_range("2021-01-01", periods=24, freq="MS")
    rows = "".join(f"{t:%m.%Y};{1 + i % 7}.{100 + 3 * i};2.{200 + i}\n" for i, t in enumerate(months))
    (tmp_path / "monthly.csv").write_text("Monat;A;B\n" + rows)
    message, panel = following_the_advice(tmp_path / "monthly.csv")
    assert "--thousands . where it is 1100" in message
    assert panel.series(0)[:2].tolist() == [1100, 2103]


MANY = """date,store,sales,price
2024-01-01,A,5,1
2024-01-02,A,x,1
2024-01-04,A,6,
2024-01-03,A,7,1
2024-01-03,A,7.5,1
2024-13-05,A,8,1
2024-01-06,A,8,1
2024-01-07,A,-,1
2024-01-08,A,9,1,7
2024-01-09,A,9,1
2024-01-10,A,9,1
"""


def test_faults_of_all_sorts_come_in_one_message_each_once_with_line_and_option(tmp_path):
    (tmp_path / "many.csv").write_text(MANY)
    words = ["--id_col", "shop", "--time_col", "date", "--target_col", "sales", "--covariates", "price"]
    message, panel = following_the_advice(tmp_path / "many.csv", *words[2:], "--id_col", "stor")
    faults = {
        "has no column 'stor'": "--id_col store",
        "line 10 has 5 cells": "--skip_lines 10",
        "holds 'x' in line 3": "--missing x",
        "holds '-' in line 9": "--missing -",
        "holds '2024-13-05' in line 7": "--skip_lines 7",
        "in line 5 and line 6": "--duplicates first",
        "goes back in time, from 2024-01-04 to 2024-01-03, in line 5": "--sort",
        "Covariate price=nan of series 'A' at 2024-01-04 00:00:00, in line 4": "--covariate_gaps ffill",
    }
    for fault, option in faults.items():
        assert message.count(fault) == 1 and option in message
    assert "--gaps nan" in message  # the fifth and the eighth of January are left out
    assert panel.n_obs == 10 and panel.covariate_names == ("price",)


@QUIET
@given(
    faults=st.sets(
        st.sampled_from(["word", "dash", "date", "twice", "gap", "order", "cells", "end", "nameless"]), min_size=1
    ),
    shape=st.sampled_from(["long", "wide"]),
    separator=st.sampled_from(",;\t"),
)
def test_following_the_advice_reads_a_file_with_any_faults(tmp_path, faults, shape, separator):
    days = [f"2024-03-{k:02}" for k in range(1, 29)]
    rows = [[day, "a", str(k)] if shape == "long" else [day, str(k), str(k + 1)] for k, day in enumerate(days)]
    changes = {
        "word": lambda: rows[3].__setitem__(-1, "closed"),
        "dash": lambda: rows[5].__setitem__(-1, "--"),
        "date": lambda: rows[8].__setitem__(0, "2024-02-31"),
        "order": lambda: rows.insert(12, rows.pop(11)),
        "twice": lambda: rows.insert(16, list(rows[15])),
        "gap": lambda: rows.pop(20),
        "cells": lambda: rows[22].append("7"),
        "nameless": lambda: rows[24].__setitem__(1, ""),
        "end": lambda: [rows[-1].__setitem__(k, "") for k in range(1, len(rows[-1])) if shape == "wide" or k == 2],
    }
    for fault, change in changes.items():
        if fault in faults and not (fault == "nameless" and shape == "wide"):
            change()
    if not faults - {"nameless"} and shape == "wide":
        return
    header = ["ds", "unique_id", "y"] if shape == "long" else ["day", "north", "south"]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(separator.join(row) for row in [header, *rows]) + "\n")
    _, panel = following_the_advice(path)
    assert set(panel.ids) == ({"a"} if shape == "long" else {"north", "south"})
    assert panel.lengths.max() >= 27


def test_a_message_is_bounded_whatever_the_number_of_faults(tmp_path):
    rows = "".join(f"2024-{1 + i % 12:02}-{1 + i % 28:02},{'x' * (i % 9)}{i}z,{'?' * (i % 40)}\n" for i in range(5000))
    (tmp_path / "bad.csv").write_text("day,a,b\n" + rows)
    with pytest.raises(DataError) as told:
        attempt(tmp_path / "bad.csv")
    assert len(str(told.value)) < 5000


def test_hints_fit_the_case(tmp_path):
    weeks = "".join(f"2024-W{i:02},{i}\n" for i in [1, 2, 3, 4, 5, 5, 6, 7])
    (tmp_path / "weeks.csv").write_text("week,y\n" + weeks)
    with pytest.raises(DuplicateTimeError) as told:
        attempt(tmp_path / "weeks.csv")
    assert "clocks" not in str(told.value) and "--duplicates first" in str(told.value)
    hours = pd.date_range("2024-10-26 20:00", periods=12, freq="h").tolist()
    for again, is_clock in ((pd.Timestamp("2024-10-27 02:00"), True), (pd.Timestamp("2024-10-26 22:00"), False)):
        frame = pd.DataFrame({"ds": sorted([*hours, again]), "y": range(13)})
        frame.to_csv(tmp_path / "hours.csv", index=False)
        with pytest.raises(DuplicateTimeError) as told:
            attempt(tmp_path / "hours.csv")
        assert ("clocks change" in str(told.value)) == is_clock


def test_a_fault_is_told_before_anything_heavy_is_imported(tmp_path):
    (tmp_path / "bad.csv").write_text("ds,y\n2024-01-01,1\n2024-01-02,x\n")
    heavy = ["scipy", "sklearn", "statsmodels", "torch", "numba", "matplotlib", "openpyxl", "rich"]
    code = (
        "import sys; from tsforecast.cli.main import main; code = main(['backtest', 'bad.csv']);"
        f"print(code, sorted(set({heavy}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.strip() == "2 []", done.stderr
