"""Is one model better than another, or is it chance: tests, intervals and a plain sentence, on arrays of losses.

Losses are scores of forecasts, lower is better, nan where there is none. Shapes are written as ``(n_models, n_series,
n_cutoffs)``: cutoffs oldest first, the same ones for all series. Where series have different units give scaled losses
(MASE, not MAE): pooled statistics add them up.
"""
