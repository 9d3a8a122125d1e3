#!/bin/sh
# Installs the library part into a fresh prefix, builds the consumer against it, and looks at what it links.
set -eu
build=$1 source=$2 work=$3
rm -rf "$work"
cmake --install "$build" --prefix "$work/prefix" --component library >/dev/null
cmake -S "$source" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" ${4:+"-DCMAKE_CXX_COMPILER=$4"} ${5:+"-DCMAKE_CXX_FLAGS=$5"} >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/consumer"
if ldd "$work/build/consumer" | grep -E 'boost|ssl|crypto|yaml|fmt'; then
  echo "the core drags a library along" >&2
  exit 1
fi
