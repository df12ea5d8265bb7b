"""Powers in formulas: the same numbers as with columns made by hand, and nothing else let through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import fit_dropout_model, heckman, inverse_probability_weights
from increase_eval.comparison import ancova, mediation


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(17)
    frame = pd.DataFrame({"id": range(300), "x": rng.normal(3, 1, 300), "arm": rng.choice(["a", "b"], 300)})
    frame = frame.assign(x2=frame["x"] ** 2, z=rng.normal(size=300), m=frame["x"] + rng.normal(size=300))
    answered = (frame["z"] + rng.normal(size=300) > 0).astype(int)
    return frame.assign(answered=answered, y=frame["x2"] + rng.normal(size=300))


@pytest.mark.parametrize("power", ["I(x**2)", "I(x ^ 2)", "I( x ** 2 )"])
def test_a_power_is_a_column(data, power) -> None:
    one, other = ancova(f"y ~ arm + x + {power}", data), ancova("y ~ arm + x + x2", data)
    assert one.coefficients["estimate"].to_numpy() == pytest.approx(
        other.coefficients["estimate"].to_numpy(), rel=1e-10
    )
    assert one.coefficients.index[-1] == "I(x**2)"


def test_adjusted_means_hold_the_number_and_square_it(data) -> None:
    fit = ancova("y ~ arm + x + I(x**2)", data)
    beta, mean = fit.coefficients["estimate"], data["x"].mean()
    expected = beta["Intercept"] + beta["x"] * mean + beta["I(x**2)"] * mean**2
    assert fit.means("arm")["estimate"].iloc[0] == pytest.approx(expected, rel=1e-10)


def test_powers_in_the_other_models(data) -> None:
    one, other = (fit_dropout_model(f"answered ~ z + {x}", data).log_likelihood for x in ("I(x**2)", "x2"))
    assert one == pytest.approx(other, rel=1e-12)
    seen = data.assign(y=data["y"].where(data["answered"] == 1))
    one, other = (heckman(f"y ~ x + {x}", f"answered ~ z + {x}", seen).rho for x in ("I(x**2)", "x2"))
    assert one == pytest.approx(other, rel=1e-8)
    one, other = (inverse_probability_weights(f"answered ~ {x}", data, subject="id").values for x in ("I(x**2)", "x2"))
    assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=1e-10)
    options = {"treatment": "arm", "mediator": "m"}
    one, other = (mediation(f"y ~ arm + m + {x}", f"m ~ arm + {x}", data, **options) for x in ("I(x**2)", "x2"))
    assert one.indirect.estimate == pytest.approx(other.indirect.estimate, rel=1e-9)


def test_the_table_is_not_changed(data) -> None:
    before = data.copy()
    ancova("y ~ I(x**2)", data)
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("formula", ["y ~ I(x + 1)", "y ~ I(x**2 + z)", "y ~ I(abs(x))", "y ~ I(x**y)", "y ~ {x**2}"])
def test_no_other_arithmetic_is_let_through(data, formula) -> None:
    with pytest.raises(ValueError, match="formula"):
        ancova(formula, data)


def test_powers_of_what_is_no_number(data) -> None:
    with pytest.raises(ValueError, match="no number"):
        ancova("y ~ I(arm**2)", data)
    with pytest.raises(ValueError, match="not in the table"):
        ancova("y ~ I(w**2)", data)
