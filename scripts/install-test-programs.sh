#!/usr/bin/env bash
# Installs the programs of Debian that tests start by themselves, where they are missing: proxies on both sides of the hub, what
# makes certificates and judges units, and Prometheus; with the argument `e2e`, what goes
# through the tunnels of the command `streams`; with `faults`, what harms and abuses a hub.
set -euo pipefail

PATH=$PATH:/usr/sbin
missing=()
needs() { command -v "$1" >/dev/null || missing+=("$2"); }

needs openssl openssl
needs ip iproute2
needs nft nftables
needs sysctl procps
if [[ ${1:-} == e2e ]]; then
  needs sshd openssh-server
  needs ssh openssh-client
  needs rsync rsync
  needs curl curl
  needs chromium chromium
  needs xrdp xrdp
  needs xfreerdp freerdp2-x11
  needs Xvfb xvfb
  needs xdotool xdotool
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
  needs redis-server redis-server
  needs iperf3 iperf3
  needs nc.openbsd netcat-openbsd
elif [[ ${1:-} != faults ]]; then
  needs squid squid
  needs tinyproxy tinyproxy
  needs nginx nginx-light
  needs haproxy haproxy
  needs systemd-analyze systemd
  needs promtool prometheus
fi
if ((${#missing[@]} == 0)); then exit 0; fi

root=()
if ((EUID != 0)); then root=(sudo -n); fi
"${root[@]}" apt-get update -q
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
