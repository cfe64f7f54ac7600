"""LaTeX tables: what is escaped reads back as the same text, and each table is whole."""

import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import Drift, HistoricAverage, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.latex_text import escape
from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics import point
from tsforecast.metrics.metric import Metric
from tsforecast.panel import Panel

HOSTILE = [
    r"a_b%c&d#e$f^g~h\i{j}k<l>m|n",
    "[5pt] *",
    "*",
    "\\",
    "%",
    "{",
    "}",
    r"\input{x}",
    "--x ''y'' `z`",
    "50% σ 模型 ü",
]
WORDS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">",
    "textbar": "|", "ss": "ß", "o": "ø", "l": "ł", "i": "ı", "textendash": "–", "textemdash": "—",
}  # fmt: skip
MARKS = {"'": "\u0301", '"': "\u0308", "~": "\u0303", "c": "\u0327", "v": "\u030c"}
GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "sigma": "σ", "Gamma": "Γ", "Omega": "Ω"}
PRINTED = re.compile(
    r"""\\ifdefined\\Uchar\ (?P<kept>.+?)\\else\ .*?\\fi\{\}|\\ensuremath\{\\(?P<greek>\w+)\}|(?P<quote>\\symbol\{34\})
    |\\(?P<mark>['"~cv])\{(?P<letter>\w)\}|\\(?P<word>[A-Za-z]+)\{\}|\\(?P<bare>[{}$&#%_])|[{}]""",
    re.VERBOSE,
)


def read_back(latex):
    """The text that LaTeX prints, by rules of its own: only for the commands above; groups print what is in them."""

    def printed(found):
        kept, greek, quote, mark, letter, word, bare = found.groups()
        if mark:
            return unicodedata.normalize("NFC", letter + MARKS[mark])
        return kept or (greek and GREEK[greek]) or (quote and '"') or (word and WORDS[word]) or bare or ""

    return PRINTED.sub(printed, latex)


@given(st.text(st.sampled_from([*map(chr, range(32, 127)), *"ßøłüéÇñšı–—αβγσΓΩ模型🚀ą"]), max_size=30))
def test_what_is_escaped_is_printed_as_it_was(text):
    assert read_back(escape(text)) == " ".join(text.split())


@settings(max_examples=50)
@given(st.text(max_size=20))
def test_any_text_becomes_latex_without_a_bare_special_character(text):
    escaped = escape(text)
    escaped.encode()  # halves of surrogate pairs are no characters
    bare = re.sub(r"\\[{}$&#%_]|\\[A-Za-z]+|\\[`'^~\"=.]", "", escaped)
    bare = bare.replace("^{", "").replace("_{", "")  # in formulas of digits
    assert not set(bare) & set("\\$&#%_^~")
    assert balanced(escaped)
    if not escaped.startswith("{"):
        assert escaped[:1] not in ("[", "*"), "these would belong to the end of the row before"


def balanced(latex):
    depth = 0
    for token in re.findall(r"\\.|[{}]", latex, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0:
            return False
    return depth == 0


def rows_of(table):
    """The cells of each row of a table, after a check that it is whole."""
    assert balanced(table)
    begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", table) for word in ("begin", "end"))
    assert begun == ended[::-1]
    inner = table.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    (columns,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", table)
    rows = []
    for line in inner.splitlines():
        if line.strip() in ("", r"\midrule", r"\addlinespace"):
            continue
        assert line.endswith(r" \\")
        cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
        if cells[0].startswith(r"\multicolumn"):
            assert len(cells) == 1 and cells[0].startswith(rf"\multicolumn{{{len(columns)}}}{{l}}")
        else:
            assert len(cells) == len(columns)
        rows.append([cell.strip() for cell in cells])
    return rows


def panel(n_series=4):
    values = np.random.default_rng(3).normal(size=(30, n_series)).cumsum(axis=0)
    names = [f"s{i}" for i in range(n_series)]
    static = pd.DataFrame({"unique_id": names, "region": (["no_rth & 50%", "süd"] * n_series)[:n_series]})
    return Panel.from_wide(pd.DataFrame(values, columns=names)).with_static(static)


class Noisy(HistoricAverage):
    """An average with noise from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        found = super()._predict(panel, horizon, X, levels)
        found.mean[:] += np.random.default_rng(self.random_state).normal(size=found.mean.shape)
        return found


MORE = Metric("hits_%", lambda y, f: -point.mae(y, f), best="greatest", title="Hits_% & more")


@pytest.fixture(scope="module")
def result():
    models = {"Naive": Naive(), "Drift_1": Drift(), "noisy": Noisy()}
    metrics = ["mae", "coverage", MORE, "bias", "pooled_rmse"]
    return backtest(models, panel(), cv=RollingOrigin(3, n_windows=2), metrics=metrics, level=[80], seeds=3)


def test_the_best_of_each_column_is_bold_whatever_best_means(result):
    columns = ["mae", "hits_%", "coverage-80", "bias", "pooled_rmse", "mean_rank", "skill", "median", "n_cells"]
    head, *rows = rows_of(result.to_latex(columns=columns))
    assert head[:4] == ["Model", "MAE", r"Hits\_\% \& more", r"Cover 80\%"] and head[7] == r"Skill vs Naive (\%)"
    board = result.leaderboard()
    loss = {
        "mae": board["mae"], "hits_%": -board["hits_%"], "coverage-80": (board["coverage-80"].round(1) - 80).abs(),
        "bias": board["bias"].abs(), "pooled_rmse": board["pooled_rmse"], "mean_rank": board["mean_rank"],
        "skill": -board["skill"], "median": board["median"],
    }  # fmt: skip
    for j, name in enumerate(columns, start=1):
        bold = ["textbf" in row[j] for row in rows]
        assert bold == (np.isclose(loss[name], loss[name].min()).tolist() if name in loss else [False] * 3), name
    assert [row[0] for row in rows] == [escape(model) for model in board["model"]]


def test_numbers_that_read_the_same_are_bold_together():
    tables = {"a": Naive(), "b": Naive(), "c": Drift()}
    result = backtest(tables, panel(), cv=RollingOrigin(3), metrics=["mae"], level=())
    rows = {row[0]: row[1] for row in rows_of(result.to_latex(columns=["mae"]))}
    assert rows["a"] == rows["b"] and len({"textbf" in rows["a"], "textbf" in rows["c"]}) == 2


def test_a_model_with_seeds_has_mean_and_deviation_in_every_metric(result):
    columns = ["mae", "hits_%", "coverage-80", "pooled_rmse"]
    rows = {row[0]: row[1:] for row in rows_of(result.to_latex(columns=columns))}
    for j, name in enumerate(["mae", "hits_%", "pooled_rmse"]):
        cell = rows["noisy"][columns.index(name)]
        metric = result.leaderboard(metric=name).set_index("model").loc["noisy"]
        assert cell.endswith(rf" $\pm$ {metric[f'{name}_sd']:.3f}"), (j, cell)
        assert "pm" not in rows["Naive"][j]
    assert r"\pm" in rows["noisy"][2]


def test_strata_are_groups_with_a_best_model_each(result):
    rows = rows_of(result.to_latex("region", columns=["mae"]))
    board = result.leaderboard("region")
    assert [row[0] for row in rows if len(row) == 1] == [
        r"\multicolumn{2}{l}{\textit{no\_rth \& 50\%}}", r"\multicolumn{2}{l}{\textit{s\"{u}d}}",
    ]  # fmt: skip
    assert sum("textbf" in row[-1] for row in rows) == 2 and len(rows) == 1 + 2 + len(board)
    assert rows[2][0] == rf"\quad {escape(board['model'][0])}"


def test_hostile_names_make_a_whole_table():
    models = {name: Naive() for name in HOSTILE}
    result = backtest(models, panel(), cv=RollingOrigin(3), metrics=["mae"], level=())
    for by in (None, dict(zip(["s0", "s1", "s2", "s3"], HOSTILE, strict=False))):
        table = result.to_latex(by, caption="50% of a_b & more", label="tab:a_b")
        names = {read_back(row[0].removeprefix(r"\quad ")) for row in rows_of(table)[1:] if len(row) > 1}
        assert names == {" ".join(name.split()) for name in HOSTILE}
    assert r"\caption{50\% of a\_b \& more}" in table and r"\label{tab:a_b}" in table


def test_only_a_caption_or_a_label_puts_it_into_a_table(result):
    assert result.to_latex().startswith(r"\begin{tabular}")
    table = result.to_latex(caption="x")
    assert table.startswith("\\begin{table}\n\\centering\n\\caption{x}\n\\begin{tabular}")
    assert table.endswith("\\end{tabular}\n\\end{table}\n")


def test_failures_stand_in_the_usual_table_and_a_score_that_is_not_defined_is_a_dash():
    frame = pd.DataFrame({"a": np.ones(20)})
    result = backtest([Naive(), Drift()], frame, cv=RollingOrigin(2), metrics=["mase", "mae"], level=())
    assert [row[1] for row in rows_of(result.to_latex())[1:]] == ["--", "--"]
    short = backtest({"long": Drift(), "Naive": Naive()}, np.arange(3.0), cv=RollingOrigin(2), metrics=["mae"],
                     level=(), too_short="skip")  # fmt: skip
    assert rows_of(short.to_latex())[0][-1] == "Missing"


def test_columns_and_labels_are_checked_at_the_door(result):
    with pytest.raises(UnknownNameError, match="no column 'mase'; there are rank, mae"):
        result.to_latex(columns=["mase"])
    for columns in ("mae", [], ["mae", "mae"]):
        with pytest.raises(ParameterError, match="columns="):
            result.to_latex(columns=columns)
    for label in ("a{b", "50%", "", 3, "a\\b"):
        with pytest.raises(ParameterError, match="label="):
            result.to_latex(label=label)
    with pytest.raises(UnknownNameError, match="no static column 'area'"):
        result.to_latex("area")
