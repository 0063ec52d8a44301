# geowire as an image: poller, worker and console, against a Kafka that runs elsewhere (see docker-compose.yml).
# `make image-check` replays these steps without a container engine.
FROM python:3.12.11-slim-bookworm AS build
# pycld2 comes as source.
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/geowire
ENV PATH=/opt/geowire/bin:$PATH
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY streams streams
COPY agents agents
COPY schemas schemas
RUN pip install --no-cache-dir --no-deps .

FROM python:3.12.11-slim-bookworm
RUN useradd --system --create-home --uid 10001 geowire && install -d -o geowire /var/lib/geowire
COPY --from=build /opt/geowire /opt/geowire
ENV PATH=/opt/geowire/bin:$PATH PYTHONUNBUFFERED=1 GEOWIRE_DATA_DIR=/var/lib/geowire
USER geowire
ENTRYPOINT ["geowire"]
CMD ["--help"]
