"""What can be said of a change where nobody went without the programme: regression to the mean, and the calendar."""

from increase_eval.comparison.without_control.calendar import CalendarComparison, compare_in_calendar, secular_trend
from increase_eval.comparison.without_control.regression_to_mean import (
    RegressionToMean,
    regression_to_mean,
    regression_to_mean_table,
)
from increase_eval.comparison.without_control.tables import calendar_table

__all__ = [
    "CalendarComparison",
    "RegressionToMean",
    "calendar_table",
    "compare_in_calendar",
    "regression_to_mean",
    "regression_to_mean_table",
    "secular_trend",
]
