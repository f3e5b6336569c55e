#!/usr/bin/env bash
# Installs, tests and runs the demo on every supported line of Node; the binaries come from the npm registry. Ends with one line for each.
# usage: scripts/matrix.sh [version...]    default: this machine's Node, 22.23.3, 24.21.0, 26.10.0
set -uo pipefail
cd "$(dirname "$0")/.."

machine=$(node -p process.versions.node)
versions=("$machine" 22.23.3 24.21.0 26.10.0)
if (($# > 0)); then versions=("$@"); fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
lines=()
failed=0

# The folder in which the `node` of a version is.
folder_of() {
  local where='require("path").dirname(process.execPath)'
  if [[ $1 == "$machine" ]]; then
    node -p "$where"
  else
    npx -y --loglevel=error -p "node-$(node -p 'process.platform + "-" + process.arch')@$1" -- node -p "$where"
  fi
}

for version in "${versions[@]}"; do
  if ! folder=$(folder_of "$version") || [[ $("$folder/node" -v) != "v$version" ]]; then
    lines+=("Node $version: there is no such binary in the registry")
    failed=1
    continue
  fi
  echo "== Node $version"
  started=$SECONDS
  PATH="$folder:$PATH" npm test 2>&1 | tee "$out"
  if ((PIPESTATUS[0] != 0)); then failed=1; fi
  tests=$(tail -n 1 "$out" | grep -E '^[0-9]+ passed, [0-9]+ failed$' || echo 'the tests did not run to the end')
  demo='demo ok'
  PATH="$folder:$PATH" npm run demo || { demo='demo NOT OK' failed=1; }
  lines+=("Node $version: $tests, $demo, $((SECONDS - started)) s")
done

printf '\n'
printf '%s\n' "${lines[@]}"
exit "$failed"
