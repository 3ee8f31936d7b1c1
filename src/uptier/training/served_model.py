"""The bundle as MLflow serves it: MLflow runs this file, so no pickle is stored."""

import sys
from typing import Any

import pandas as pd  # here and not for typing only: MLflow evaluates the hints of `predict`
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

BUNDLE, CODE = "bundle", "uptier"  # names of the artifacts


class ServedModel(PythonModel):
    """Probabilities of all outcomes, from the signals by name."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle, with the code that was stored beside it; a package that is imported already stays.

        Parameters
        ----------
        context : PythonModelContext
            Where MLflow put the artifacts.
        """
        if context.artifacts[CODE] not in sys.path:
            sys.path.insert(0, context.artifacts[CODE])
        from uptier.model.bundle import Bundle

        self.bundle = Bundle.load(context.artifacts[BUNDLE])

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Predict all outcomes.

        Parameters
        ----------
        context : PythonModelContext
            Not used.
        model_input : DataFrame, shape (n, n_signals)
            The signals by name, in any order.
        params : dict, optional
            Not used.

        Returns
        -------
        DataFrame, shape (n, n_outcomes)
            Probabilities, 0 to 1.

        Raises
        ------
        ModelError
            Naming them, if signals are missing.
        """
        return self.bundle.probabilities(model_input)


set_model(ServedModel())
