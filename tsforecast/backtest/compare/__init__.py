"""Statistical comparison of models on arrays of losses: tests, intervals, and a verdict in one sentence.

Losses are scores of which lower is better, nan where a forecast is missing. Shapes are written as
``(n_models, n_series, n_cutoffs)``: cutoffs oldest first, the same ones for all series. Where series have different
units, pass scaled losses (MASE, not MAE): pooled statistics add them up.
"""
