#!/usr/bin/env bash
# aiosmtpd.sh DIR BASEPORT - Debian's aiosmtpd with the handler in
# aiosmtpd_server.py, as lab.sh describes.
TARGET=aiosmtpd
PACKAGES=(python3-aiosmtpd)
# Fonts and page styles, which the package wants for its documentation.
# shellcheck disable=SC2034 # for lab.sh
UNNEEDED='^(fonts-|sphinx-)'
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application aiosmtpd 12020 aiosmtpd_server.py mailboxes.py

version=$(in_root /usr/bin/python3 -c 'import aiosmtpd; print(aiosmtpd.__version__)') ||
  die "aiosmtpd does not run here, see $DIR/start.log"
spawn "$DIR/aiosmtpd.log" aiosmtpd /usr/bin/python3 -B /etc/lab/aiosmtpd_server.py
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/aiosmtpd.log"
