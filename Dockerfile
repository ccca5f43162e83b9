# The program alone, for any user: docker build -t rdbferry .
#   docker run --rm --read-only -v "$PWD:/data" --user "$(id -u):$(id -g)" rdbferry convert dump.rdb -o appendonlydir
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
    build-essential ca-certificates git liblz4-dev liblzf-dev libzstd-dev libpcre2-dev libssl-dev libxxhash-dev pkg-config zlib1g-dev
COPY . /src
RUN make -C /src -j"$(nproc)" static && strip /src/build/release/rdbferry-static

FROM scratch
COPY --from=build /src/build/release/rdbferry-static /usr/bin/rdbferry
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["/usr/bin/rdbferry"]
