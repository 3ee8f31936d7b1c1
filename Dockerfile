# uptier by the same lock as everywhere else: docker build -t uptier . && docker run --rm -v "$PWD:/project" uptier --help
FROM python:3.11-slim

# LightGBM's wheel links against OpenMP, which the slim image lacks
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 make && rm -rf /var/lib/apt/lists/*

# not root: uptier writes only into the project's store
RUN useradd --create-home --uid 10001 uptier && mkdir /app /project && chown uptier /app /project
# by number, so that Kubernetes can see that it is not root
USER 10001
WORKDIR /app

# dependencies first, so that a change of the code does not install them anew; the package is editable and needs its folder
COPY --chown=uptier pyproject.toml requirements.lock README.md LICENSE Makefile ./
COPY --chown=uptier src/uptier/__init__.py src/uptier/
RUN make .venv/.installed
COPY --chown=uptier src src

ENV PATH=/app/.venv/bin:$PATH MLFLOW_DISABLE_TELEMETRY=true
WORKDIR /project
ENTRYPOINT ["uptier"]
