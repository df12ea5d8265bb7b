"""The likelihood of Heckman's selection model: value, gradient, and its maximum by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]

BOUNDARY = 0.9999
"""A correlation beyond it is no estimate: the likelihood rises to the edge."""


@dataclass(frozen=True, slots=True)
class SelectionLikelihood:
    """Data of a selection model; parameters are (selection, outcome, log sigma, atanh rho).

    Attributes
    ----------
    selection, outcome
        Designs, shapes (n, q) and (selected, p); columns are scaled to at most 1 inside.
    response
        Shape (selected,).
    selected
        Shape (n,).
    """

    selection: Floats
    outcome: Floats
    response: Floats
    selected: npt.NDArray[np.bool_]

    def value(self, theta: Floats) -> float:
        """Give the log likelihood."""
        index, u, rho, log_sigma = self._parts(theta)
        reach = (index[self.selected] + rho * u) / np.sqrt(1 - rho**2)
        density = -(u**2) / 2 - 0.5 * np.log(2 * np.pi) - log_sigma
        return float(special.log_ndtr(-index[~self.selected]).sum() + (density + special.log_ndtr(reach)).sum())

    def gradient(self, theta: Floats) -> Floats:
        """Give its derivatives, shape (q + p + 2,)."""
        index, u, rho, log_sigma = self._parts(theta)
        root = np.sqrt(1 - rho**2)
        inside = index[self.selected]
        mills = inverse_mills((inside + rho * u) / root)
        outside = -inverse_mills(-index[~self.selected])
        of_selection = self.selection[self.selected].T @ (mills / root) + self.selection[~self.selected].T @ outside
        of_outcome = self.outcome.T @ (u - mills * rho / root) / np.exp(log_sigma)
        of_sigma = (u**2 - 1 - mills * rho * u / root).sum()
        of_rho = (mills * (u + rho * inside) / root).sum()
        return np.concatenate([of_selection, of_outcome, [of_sigma, of_rho]])

    def _parts(self, theta: Floats) -> tuple[Floats, Floats, float, float]:
        q = self.selection.shape[1]
        log_sigma, rho = float(theta[-2]), float(np.tanh(theta[-1]))
        u = (self.response - self.outcome @ theta[q:-2]) / np.exp(log_sigma)
        return self.selection @ theta[:q], u, rho, log_sigma

    def hessian(self, theta: Floats) -> Floats:
        """Give the second derivatives, by central differences of the gradient."""
        columns = []
        for j in range(len(theta)):
            step = np.zeros(len(theta))
            step[j] = 1e-5 * max(1.0, abs(theta[j]))
            columns.append((self.gradient(theta + step) - self.gradient(theta - step)) / (2 * step[j]))
        matrix = np.array(columns)
        return np.asarray((matrix + matrix.T) / 2)


def inverse_mills(index: Floats) -> Floats:
    """Give φ/Φ, without underflow."""
    return np.asarray(np.exp(-(index**2) / 2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(index)))


def maximise(likelihood: SelectionLikelihood, start: Floats) -> tuple[Floats, Floats]:
    """Find the maximum, and the variance of the parameters from the observed information.

    Raises
    ------
    ConvergenceError
        If the correlation runs to ±1, or no maximum is found.
    """
    scale = np.concatenate([
        np.abs(likelihood.selection).max(axis=0), np.abs(likelihood.outcome).max(axis=0), np.ones(2),
    ])  # fmt: skip
    q = likelihood.selection.shape[1]
    scaled = SelectionLikelihood(
        likelihood.selection / scale[:q], likelihood.outcome / scale[q:-2], likelihood.response, likelihood.selected
    )
    found = optimize.minimize(
        lambda theta: -scaled.value(theta), start * scale, jac=lambda theta: -scaled.gradient(theta),
        method="BFGS", options={"gtol": 1e-6, "maxiter": 2000},
    )  # fmt: skip
    theta = _polish(scaled, np.asarray(found.x, dtype=float))
    if abs(np.tanh(theta[-1])) > BOUNDARY:
        raise ConvergenceError("the correlation runs to 1 in size: the likelihood has no maximum inside")
    information = -scaled.hessian(theta)
    if np.linalg.eigvalsh(information)[0] <= 0:
        raise ConvergenceError("the likelihood is flat or not concave where the search ended: no maximum was found")
    return theta / scale, np.asarray(np.linalg.inv(information) / np.outer(scale, scale))


def _polish(likelihood: SelectionLikelihood, theta: Floats) -> Floats:
    for _ in range(50):
        try:
            step = np.linalg.solve(likelihood.hessian(theta), likelihood.gradient(theta))
        except np.linalg.LinAlgError as error:
            raise ConvergenceError("the likelihood is flat where the search ended: no maximum was found") from error
        value = likelihood.value(theta)
        for _ in range(30):
            trial = likelihood.value(theta - step)
            if np.isfinite(trial) and trial >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        theta = theta - step
        if np.abs(step).max() < 1e-9 * (1 + np.abs(theta).max()):
            return theta
    raise ConvergenceError("the selection model did not converge in 50 steps")
