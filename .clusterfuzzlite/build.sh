#!/usr/bin/env bash
# The fuzz targets as OSS-Fuzz wants them: programs in $OUT, beside each its seeds as NAME_seed_corpus.zip, NAME.dict and NAME.options.
# Compilers and flags, sanitizers and instrumentation among them, come from the environment, and so does what links the engine,
# $LIB_FUZZING_ENGINE. The programs run where nothing is installed, so that libraries are linked statically.
set -euo pipefail
source=$SRC/smtpspec build=$WORK/smtpspec
yaml=$(find /usr/lib /usr/local/lib -name libyaml.a -print -quit)
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_UNITY_BUILD=ON -DSMTPSPEC_PROGRAM=OFF -DSMTPSPEC_FUZZ=ON \
  -DSMTPSPEC_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DSMTPSPEC_FUZZ_COVERAGE= -DSMTPSPEC_OWN_LIBRARIES=ON \
  -DOPENSSL_USE_STATIC_LIBS=ON -DSMTPSPEC_YAML_LIBRARY="$yaml"
cmake --build "$build" --target fuzz_targets

for program in "$build"/fuzz/*_fuzz; do
  target=$(basename "$program")
  name=${target%_fuzz}
  cp "$program" "$OUT/"
  cp "$source/corpus/$name.options" "$OUT/$target.options"
  if [ -f "$source/corpus/$name.dict" ]; then cp "$source/corpus/$name.dict" "$OUT/$target.dict"; fi
  rm -f "$OUT/${target}_seed_corpus.zip"
  zip -q -j -r "$OUT/${target}_seed_corpus.zip" "$source/corpus/$name"
done
