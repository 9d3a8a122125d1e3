#!/usr/bin/env bash
# opensmtpd.sh DIR BASEPORT - Debian's OpenSMTPD, as lab.sh describes.
TARGET=opensmtpd
PACKAGES=(opensmtpd)
# The release's own 6.8 fails every TLS handshake with the release's OpenSSL.
SUITE=bookworm-backports
# It lets 5 connections wait to be accepted.  One that comes then looks open to its client and may wait for the greeting
# until the kernel's fifth attempt, half a minute later.
# shellcheck disable=SC2034 # both for lab.sh
CONNECTIONS=10
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user opensmtpd 12040 /var/lib/opensmtpd/empty
add_user opensmtpq 12041 /var/lib/opensmtpd/empty
# An OpenSMTPD that the host runs has mail in its queue: not ours to deliver.
fresh_dir /var/spool/smtpd /var/lib/opensmtpd
mkdir "$ROOT/var/lib/opensmtpd/empty"
chmod 711 "$ROOT/var/spool/smtpd"

install -m 644 "$DIR/cert.pem" "$ROOT/etc/lab/cert.pem"
hash=$(openssl passwd -6 -stdin <"$DIR/password")
printf "%s $hash\n" "$ACCOUNT" "$ACCOUNT@$LOCAL_DOMAIN" >"$ROOT/etc/lab/accounts"
chgrp "$(id_of group opensmtpd)" "$ROOT/etc/lab/accounts"
chmod 640 "$ROOT/etc/lab/accounts"

cat >"$ROOT/etc/smtpd.conf" <<CF
pki "$HOST_NAME" cert "/etc/lab/cert.pem"
pki "$HOST_NAME" key "/etc/lab/tls.pem"
table accounts file:/etc/lab/accounts
table aliases { postmaster = $ACCOUNT }
# Stock takes 35 MB, more than the harness sends to find a limit.
smtp max-message-size 10M

listen on 127.0.0.1 port $BASE tls pki "$HOST_NAME" hostname "$HOST_NAME"
listen on 127.0.0.1 port $((BASE + 1)) tls-require pki "$HOST_NAME" auth <accounts> hostname "$HOST_NAME"
listen on 127.0.0.1 port $((BASE + 2)) smtps pki "$HOST_NAME" auth <accounts> hostname "$HOST_NAME"

action "local" maildir alias <aliases>
action "relay" relay host "smtp://127.0.0.1:$SINK"
# Stock delivers mail for the host's own names and relays what comes from the host itself.
match from any for domain { "$LOCAL_DOMAIN", "$HOST_NAME" } action "local"
match from any for domain "$RELAY_DOMAIN" action "relay"
match auth from any for any action "relay"
CF

in_root smtpd -n || die "the settings are not understood, see $DIR/start.log"
version=$({ in_root smtpd -h 2>&1 || :; } | awk '$1 == "version:" {print $NF}')
spawn "$DIR/opensmtpd.log" root /usr/sbin/smtpd -d
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/opensmtpd.log"
