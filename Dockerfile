# Two images of the program. No process in them runs as root, and everything that changes is in the
# volume /data, so the root file system can be read-only.
#
#   docker build -t piecework .                  with PostgreSQL's programs, for the embedded server
#   docker build -t piecework --target slim .    only the program and what it loads: both databases are elsewhere
#
# PROGRAM=built takes the binary `piecework` beside this file instead of compiling one.
# `.ci/check-image` does that.
ARG PROGRAM=build

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package piecework && strip --output-file /piecework target/release/piecework

FROM scratch AS built
COPY piecework /piecework

FROM ${PROGRAM} AS program

FROM debian:bookworm-slim AS base
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/* \
    && useradd --system --no-log-init --create-home --home-dir /data --uid 10001 --user-group piecework
COPY --from=program /piecework /usr/local/bin/piecework

# The program, bash for its health check, the libraries that both load, the authorities of TLS, and the user.
FROM base AS slim-files
RUN mkdir /slim && cp --parents --dereference /usr/local/bin/piecework /bin/bash \
    $(ldd /usr/local/bin/piecework /bin/bash | grep --only-matching '/lib[^ ]*' | sort --unique) \
    /etc/ssl/certs/ca-certificates.crt /etc/nsswitch.conf /etc/os-release /etc/passwd /etc/group /slim

FROM base AS full-files
ARG DEBIAN_FRONTEND=noninteractive
# The package does not make a cluster of its own, which nobody would use.
RUN mkdir /etc/postgresql-common \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*

# What both images say of themselves.
FROM scratch AS settings
ENV PATH=/usr/local/bin:/usr/bin:/bin PIECEWORK_PROFILE=production PIECEWORK__DATA_DIR=/data
# Requests, and metrics.
EXPOSE 8080 9464
# Liveness and not readiness: a restart does not repair a database that does not answer.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${PIECEWORK__HTTP__PORT:-8080} && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == 'HTTP/1.1 200'* ]]"]
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

FROM settings AS slim
COPY --from=slim-files /slim /
COPY --from=slim-files --chown=10001:10001 /data /data
WORKDIR /data
VOLUME /data
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001

FROM settings AS full
COPY --from=full-files / /
COPY --from=full-files --chown=10001:10001 /data /data
WORKDIR /data
VOLUME /data
USER 10001:10001
