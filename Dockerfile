# Starling in an image that holds the program, what it is linked with, and nothing else: no shell, no
# package manager, nobody but the user 10001.
#
#   docker build --tag starling .
#   docker run --publish 8080:8080 --volume starling:/data --read-only --cap-drop ALL starling
#
# It needs BuildKit, which every Docker since 23 uses unasked. Dependencies are compiled in layers of
# their own, before our source comes: a change of it compiles nothing else anew. `make test-image` sees
# to that, and to what is said above.

ARG DEBIAN=bookworm
ARG RUST=1.95
ARG NODE=22

# The web client.
FROM node:${NODE}-${DEBIAN}-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
# As the Makefile does it, for its reason.
RUN npm install --no-save --no-fund --no-audit
COPY web ./
RUN npm run build \
    && npm sbom --omit dev --sbom-format cyclonedx > /web.cdx.json

# What lists the program's parts; it depends on nothing of ours.
FROM rust:${RUST}-slim-${DEBIAN} AS sbom
RUN cargo install --locked --version 0.5.9 cargo-cyclonedx

FROM rust:${RUST}-slim-${DEBIAN} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY loadtest/Cargo.toml loadtest/
COPY loadtest/goose/Cargo.toml loadtest/goose/
COPY tests/servers/Cargo.toml tests/servers/
# Empty programs in the place of ours, for the dependencies' sake.
RUN mkdir -p src benches tests/faults loadtest/src loadtest/goose/src tests/servers/src/bin \
    && touch src/lib.rs loadtest/src/lib.rs tests/servers/src/lib.rs \
    && for main in build.rs src/main.rs benches/store.rs tests/faults/main.rs loadtest/src/main.rs \
        loadtest/goose/src/main.rs tests/servers/src/bin/cluster.rs; do \
        echo 'fn main() {}' > $main; done \
    && cargo build --release --locked --package starling
COPY build.rs ./
COPY schema schema
COPY docs/protocol.md docs/
COPY src src
COPY --from=web /src/web/dist web/dist
# Cargo goes by time, and the files are older than the empty ones were.
RUN touch build.rs src/lib.rs src/main.rs \
    && cargo build --release --locked --package starling --bin starling \
    && strip target/release/starling
COPY --from=sbom /usr/local/cargo/bin/cargo-cyclonedx /usr/local/cargo/bin/
RUN cargo cyclonedx --format json --override-filename starling.cdx \
    && mv starling.cdx.json /

# The image's files: the program; its libraries, at the paths where it looks for them; the authorities
# that it trusts; who runs it; how it looks names up (without this, never in /etc/hosts). What is
# Debian's is described as Debian does it, so that scanners find it.
RUN mkdir -p /image/data /image/etc/ssl/certs /image/sbom /image/usr/local/bin /image/var/lib/dpkg/status.d \
    && cp target/release/starling /image/usr/local/bin/ \
    && ldd target/release/starling | grep -o '/[^ ]*' | xargs -I{} cp --dereference --parents {} /image \
    && cp --dereference --parents /etc/ssl/certs/ca-certificates.crt /etc/os-release /image \
    && for package in ca-certificates libc6 libgcc-s1; do \
        dpkg-query --status $package > /image/var/lib/dpkg/status.d/$package \
        && cp --dereference --parents /usr/share/doc/$package/copyright /image; done \
    && cp /starling.cdx.json /image/sbom/ \
    && echo 'starling:x:10001:10001::/data:/usr/local/bin/starling' > /image/etc/passwd \
    && echo 'starling:x:10001:' > /image/etc/group \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && chown 10001:10001 /image/data \
    && chmod 700 /image/data
COPY --from=web /web.cdx.json /image/sbom/

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Starling" \
    org.opencontainers.image.description="A self-hosted chat server" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image /
USER 10001:10001
ENV PATH=/usr/local/bin \
    STARLING_LISTEN=0.0.0.0:8080 \
    STARLING_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["starling", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["starling"]
