# The gateway in a container: two stages build it, the third holds only what runs.
FROM node:22-bookworm-slim AS studio
WORKDIR /build/studio
COPY studio/package.json studio/package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY studio ./
RUN npm run build

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/fluxroom
ENV PATH=/opt/fluxroom/bin:$PATH
COPY requirements.lock requirements-dev.lock ./
# Everything by its hash; the extras at the versions that the tests ran with.
RUN pip install --require-hashes -r requirements.lock \
  && sed -n 's/^\([A-Za-z0-9._-]*==[^ ;\\]*\).*/\1/p' requirements-dev.lock > constraints.txt \
  && pip install -c constraints.txt asyncpg obstore mcp opentelemetry-sdk opentelemetry-exporter-otlp-proto-http \
  && pip install -c constraints.txt hatchling editables
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY --from=studio /build/src/fluxroom/server/studio ./src/fluxroom/server/studio
RUN pip install --no-deps --no-build-isolation . \
  && pip uninstall --yes hatchling editables pip

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Fluxroom" \
  org.opencontainers.image.description="One door to every FLUX image model" \
  org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 fluxroom \
  && useradd --system --uid 10001 --gid fluxroom --no-create-home --home-dir /data fluxroom \
  && install --directory --owner=fluxroom --group=fluxroom /data
COPY --from=build /opt/fluxroom /opt/fluxroom
# It listens on every address of its container, and therefore does not start before a key exists.
ENV PATH=/opt/fluxroom/bin:$PATH \
  FLUXROOM_DATA=/data \
  FLUXROOM_HOST=0.0.0.0 \
  FLUXROOM_PORT=7860 \
  FLUXROOM_LOG_FORMAT=json \
  PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["fluxroom"]
CMD ["serve"]
