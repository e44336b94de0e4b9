# One container with the program, the PostgreSQL programs for the embedded server, and one volume.
# No process runs as root.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package piecework

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-15 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /data --uid 10001 piecework
COPY --from=build /source/target/release/piecework /usr/local/bin/piecework
USER piecework
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENV PIECEWORK_PROFILE=production PIECEWORK__DATA_DIR=/data
# `docker stop` sends SIGTERM. The program then finishes its requests and stops PostgreSQL.
ENTRYPOINT ["piecework"]
CMD ["serve"]
