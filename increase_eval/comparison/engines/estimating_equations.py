"""One set of estimating equations behind every sandwich: bread, scores, clusters.

An estimator that solves Σ_i u_i(θ) = 0 has the influence A⁻¹u_i with A = -∂Σu/∂θ, and the variance Σ_g v_g v_g', v_g
the sum of the influences of a cluster. A second step that uses the estimates of a first (weights from a propensity
model, say) adds the first step's influence times how the second step's equations move with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EstimatingEquations:
    """A solved set of estimating equations.

    Attributes
    ----------
    scores
        Shape (n, p): u_i at the solution; the columns sum to nought.
    derivative
        Shape (p, p): A = -∂Σu/∂θ'.
    """

    scores: Floats
    derivative: Floats

    def influence(self) -> Floats:
        """Give each row's influence on the estimates, shape (n, p)."""
        return np.asarray(np.linalg.solve(self.derivative, self.scores.T).T)

    def after(self, first: EstimatingEquations, moves: Floats) -> EstimatingEquations:
        """Count that these equations were solved at the estimates of a first step.

        Parameters
        ----------
        first
            The first step's equations, on the same rows.
        moves
            Shape (p, q): ∂Σu/∂(first step's parameters).
        """
        return EstimatingEquations(self.scores + first.influence() @ moves.T, self.derivative)

    def sandwich(self, clusters: Ints | None = None, *, factor: float = 1.0) -> Floats:
        """Give the variance of the estimates, shape (p, p), with rows or clusters as independent units."""
        influence = self.influence()
        sums = influence if clusters is None else sum_by(influence, clusters)
        return np.asarray(factor * sums.T @ sums)


def sum_by(values: Floats, clusters: Ints) -> Floats:
    """Sum rows by cluster, shape (clusters, p)."""
    sums = np.zeros((int(clusters.max()) + 1, values.shape[1]))
    np.add.at(sums, clusters, values)
    return sums
