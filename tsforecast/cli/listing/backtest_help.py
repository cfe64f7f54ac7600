"""The end of ``tsforecast backtest --help``: what runs where an option is not given, the models, examples."""

import shutil

_DEFAULTS = """\
without --models: Naive, SeasonalNaive (where there is a season), AutoARIMA (SARIMA where a season is longer than 24
steps), LinearAR and LSTM; of a simulated data set TrueModel, too

without --horizon: that of the data set; of a file one season, 8 quarters, 13 weeks, 6 steps where there is no season,
at most 48 steps and a fifth of the shortest series

without --output: a new folder runs/NAME-TIME; other defaults stand in brackets above"""
_EXAMPLES = """\
examples:
  tsforecast backtest my.csv
  tsforecast backtest my.csv --models 'SARIMA(order=(1, 1, 1))' LSTM --seeds 5
  tsforecast backtest my.csv --horizon 12 --n_windows 5 --level 80 95
  tsforecast backtest --add runs/my-20260101-120000 --models GRU"""


def help_epilog() -> str:
    """What runs where an option is not given, all models in a line each, and examples."""
    from tsforecast.cli.listing.model_docs import model_docs
    from tsforecast.cli.listing.model_list import model_lines

    width = shutil.get_terminal_size((100, 24)).columns
    models = "\n".join(model_lines(model_docs(), width, with_parameters=False)).replace("\n\n", "\n")
    return "\n\n".join([_DEFAULTS, models, "tsforecast models NAME tells the parameters of one.", _EXAMPLES])
