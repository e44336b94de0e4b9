# Two images of the program. No process in them runs as root, and everything that changes is in the
# volume /data, so the root file system can be read-only.
#
#   docker build -t piecework .                  with PostgreSQL's programs, for the embedded server
#   docker build -t piecework --target slim .    without them: both databases are elsewhere
#
# PROGRAM=built takes the binary `piecework` beside this file instead of compiling one.
# `.ci/check-image` does that.
ARG PROGRAM=build

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package piecework && mv target/release/piecework /piecework

FROM scratch AS built
COPY piecework /piecework

FROM ${PROGRAM} AS program

FROM debian:bookworm-slim AS base
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/* \
    && useradd --system --no-log-init --create-home --home-dir /data --uid 10001 --user-group piecework
WORKDIR /data
VOLUME /data
# Requests, and metrics.
EXPOSE 8080 9464
ENV PIECEWORK_PROFILE=production PIECEWORK__DATA_DIR=/data
# Liveness and not readiness: a restart does not mend a database that does not answer.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${PIECEWORK__HTTP__PORT:-8080} && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep --quiet '^HTTP/1.1 200' <&3"]
# On SIGTERM the program finishes its requests, and stops PostgreSQL if it has started one. Give it a
# minute: `docker stop --time 60`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["piecework"]
CMD ["serve"]
ARG VERSION=development
LABEL org.opencontainers.image.title="Piecework" \
    org.opencontainers.image.description="Assigns tasks at random, books fees and rewards, and pays every day" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}"

FROM base AS slim
COPY --from=program /piecework /usr/local/bin/piecework
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001

FROM base AS full
ARG DEBIAN_FRONTEND=noninteractive
# The package does not make a cluster of its own, which nobody would use.
RUN mkdir /etc/postgresql-common \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*
COPY --from=program /piecework /usr/local/bin/piecework
USER 10001:10001
