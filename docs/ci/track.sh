#!/usr/bin/env bash
# Tracks one change, on any machine and in any CI: bash docs/ci/track.sh BASE CANDIDATE FOLDER
#
# BASE and CANDIDATE are git revisions or built folders. FOLDER gets comment.md, comparison.json and its
# page, badge.json, and page and document of a short run. The exit status is 5 when an exact metric left its baseline or the comparison found a
# regression, and 0 when neither did.
#   BUDGET   seconds for the comparison (280)
#   HISTORY  file of the history (stopcopy-history.ndjson)
#   STOPCOPY how stopcopy is called (npx stopcopy)
#   COMMIT   what the results are recorded under (what is checked out)
#   STAGES   stages to be compared, divided by commas (all)
set -uo pipefail

base=$1
candidate=$2
folder=$3
history=${HISTORY:-stopcopy-history.ndjson}
read -r -a stopcopy <<< "${STOPCOPY:-npx stopcopy}"
stages=()
commit=()
[ -n "${COMMIT:-}" ] && commit=(--commit "$COMMIT")
[ -n "${STAGES:-}" ] && stages=(--stage "$STAGES")
mkdir -p "$folder" || exit 1
verdict=0

# 5 is a finding and goes on; anything else is an error and ends it.
found() {
  [ "$1" -eq 0 ] && return
  [ "$1" -eq 5 ] || exit "$1"
  verdict=5
}

# In seconds: exact metrics have the values of their baseline.
"${stopcopy[@]}" compare --exact --markdown > "$folder/exact.md"
found $?

# In minutes: both sides by turns. The document holds everything; the comment is drawn from the same run.
"${stopcopy[@]}" compare "$base" "$candidate" "${stages[@]}" --budget "${BUDGET:-280}" \
  --markdown --save "$folder/comparison.json" > "$folder/comment.md"
found $?
"${stopcopy[@]}" report "$folder/comparison.json" || exit $?

# A run for people, and the history.
"${stopcopy[@]}" bench --quick --accelerator zip --queue-pairs 1 --load idle --out "$folder" > "$folder/bench.txt" || exit $?
"${stopcopy[@]}" history record "$folder/comparison.json" "$folder"/bench-*.json --file "$history" "${commit[@]}" || exit $?
"${stopcopy[@]}" history export zip-1-idle/saves --file "$history" --badge "$folder/badge.json" || exit $?

exit "$verdict"
