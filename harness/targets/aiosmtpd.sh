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

# One user owns both mailboxes: the server has no means to change to theirs.
add_user aiosmtpd 12020 /nonexistent
owner=$(id_of passwd aiosmtpd):$(id_of group aiosmtpd)
touch "$DIR/aiosmtpd.log"
chown -R "$owner" "$ROOT/srv/mail" "$ROOT/etc/lab"
install -m 644 "$(dirname "$SELF")/aiosmtpd_server.py" "$ROOT/etc/lab/server.py"
install -m 600 "$DIR/password" "$ROOT/etc/lab/password"
chown "$owner" "$ROOT/etc/lab/password"

version=$(in_root /usr/bin/python3 -c 'import aiosmtpd; print(aiosmtpd.__version__)') ||
  die "aiosmtpd does not run here, see $DIR/start.log"
spawn "$DIR/aiosmtpd.log" aiosmtpd /usr/bin/python3 -B /etc/lab/server.py \
  "$BASE" "$SINK" "$HOST_NAME" "$LOCAL_DOMAIN" "$RELAY_DOMAIN" "$ACCOUNT" "${!MAILBOXES[@]}"
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/aiosmtpd.log"
