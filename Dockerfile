# madang in a container, from Debian's packages only.
#
#   docker build -t madang .
#   docker run -p 8443:8443 -p 3478:3478/udp -v madang:/var/lib/madang madang --public-ip 192.168.0.10
#
# --public-ip is the address under which people reach this machine: the container's own means nothing
# to them. The build works without privileges too (rootless builders that map one user only): apt does
# not change its user, and the data folder falls back to a mode that needs no owner.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install-deps.sh scripts/
RUN echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/10no-sandbox \
    && apt-get update -qq && apt-get install -y -qq --no-install-recommends make >/dev/null \
    && scripts/install-deps.sh run
COPY . .
RUN make build && make install DESTDIR=/out PREFIX=/usr && strip /out/usr/bin/madang

FROM debian:bookworm-slim
RUN echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/10no-sandbox \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates libssl3 libjansson4 libinih1 libargon2-1 libutf8proc2 libqrcodegen1 \
        libzxcvbn0 libcbor0.8 libcurl4 libsqlite3-0 >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/ /usr/
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/madang || install -d -m 1777 /var/lib/madang

USER 10001:10001
ENV MADANG_DATA=/var/lib/madang
VOLUME /var/lib/madang
EXPOSE 8443/tcp 3478/udp

# Plain HTTP on the HTTPS port is answered with a redirect: alive, without a client in the image.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${MADANG_PORT:-8443} && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 4 _ status _ <&3 && [[ $status == [23]* ]]"]

ENTRYPOINT ["/usr/bin/madang"]
