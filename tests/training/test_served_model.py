"""The registered model outside of uptier: behind `mlflow models serve`, and as a function of Spark."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.training import tracked
from tests.training.servers import served_model
from tests.training.tracked import registered, trained
from tests.training.worlds import drawn_examples
from uptier.settings import Settings
from uptier.training.connection import DATABASE, connected

MODEL = "models:/uptier@champion"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = tracked.empty_project(tmp_path_factory.mktemp("served"))
    registered(made)
    return made


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    drawn = drawn_examples(accounts=8, months=5, seed=5).frame.drop(columns=["account_id", "as_of"])
    drawn.loc[::3, "growth"] = np.nan
    drawn.loc[::4, "segment"] = "gigantic"  # not seen in training
    return drawn


@pytest.fixture(scope="module")
def served(project: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_model(tmp_path_factory.mktemp("serving"), f"sqlite:///{project.store / DATABASE}", MODEL) as address:
        yield address


def asked(address: str, rows: pd.DataFrame) -> tuple[int, Any]:
    body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split", index=False))}).encode()
    request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_a_served_model_gives_the_same_probabilities(served: str, frame: pd.DataFrame) -> None:
    status, answer = asked(served, frame)
    assert status == 200
    expected = trained().bundle.probabilities(frame)
    assert expected["seat_expansion"].nunique() > 10
    np.testing.assert_allclose(pd.DataFrame(answer["predictions"])[list(expected)], expected, rtol=0, atol=1e-12)


def test_a_served_model_names_the_missing_signal(served: str, frame: pd.DataFrame) -> None:
    status, answer = asked(served, frame.drop(columns="growth"))
    assert status == 400
    assert "lacks 1 of the 12 signals of the model: growth" in str(answer)


def test_a_served_model_refuses_words_where_a_number_belongs(served: str, frame: pd.DataFrame) -> None:
    status, answer = asked(served, frame.assign(growth="much"))
    assert status == 400
    assert "growth" in str(answer)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java: Spark needs 17 or newer")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = sql.SparkSession.builder.master("local[1]").appName("served")
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "1",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


def test_spark_gives_the_same_probabilities_and_names_the_missing_signal(
    spark: Any, project: Settings, frame: pd.DataFrame, tmp_path: Path
) -> None:
    import mlflow
    from pyspark.errors import PythonException
    from pyspark.sql.functions import struct

    frame.reset_index(names="row").to_parquet(tmp_path / "frame.parquet")
    rows = spark.read.parquet(str(tmp_path / "frame.parquet"))
    with connected(project, writes=False):
        score = mlflow.pyfunc.spark_udf(spark, MODEL, env_manager="local")
    named = [name for name in rows.columns if name != "row"]
    answered = rows.select("row", score(struct(*named)).alias("chance")).select("row", "chance.*").orderBy("row")
    made = pd.DataFrame([row.asDict() for row in answered.collect()]).set_index("row")
    expected = trained().bundle.probabilities(frame)
    np.testing.assert_allclose(made[list(expected)], expected, rtol=0, atol=1e-12)

    some = [name for name in named if name != "growth"]
    with pytest.raises(PythonException, match="lacks 1 of the 12 signals of the model: growth"):
        rows.select(score(struct(*some))).collect()
