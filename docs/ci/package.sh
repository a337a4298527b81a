#!/usr/bin/env bash
# Makes what a release has: bash docs/ci/package.sh FOLDER
#
# FOLDER gets the tarball, licenses.csv of all that the package depends on, and sbom.cdx.json and sbom.spdx.json, its bill of
# materials. A licence that is not in the list fails.
set -euo pipefail

folder=$1
allowed='MIT;ISC;Apache-2.0;BSD-2-Clause;BSD-3-Clause;BlueOak-1.0.0;(MIT AND Zlib);(MIT OR CC0-1.0)'
checker=license-checker-rseidelsohn@5.0.1

mkdir -p "$folder"
npx --yes "$checker" --production --onlyAllow "$allowed" --csv > "$folder/licenses.csv"
npm sbom --omit=dev --sbom-format=cyclonedx > "$folder/sbom.cdx.json"
npm sbom --omit=dev --sbom-format=spdx > "$folder/sbom.spdx.json"
npm pack --ignore-scripts --pack-destination "$folder"
