#!/usr/bin/env bash
# qpsmtpd.sh DIR BASEPORT - Debian's qpsmtpd with the plugin in qpsmtpd_site.pl, as lab.sh describes.
TARGET=qpsmtpd
PACKAGES=(qpsmtpd)
# A process for each connection, in Perl.
# shellcheck disable=SC2034 # for lab.sh
CASES="rfc5321/scenarios rfc5321/order rfc5321/session"
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application qpsmtpd 12130 qpsmtpd_site.pl
home=$ROOT/etc/lab/qpsmtpd
mkdir -p "$home/own"
fresh_dir /var/spool/qpsmtpd
chown "$OWNER" "$ROOT/var/spool/qpsmtpd"
chmod 700 "$ROOT/var/spool/qpsmtpd"
mv "$ROOT/etc/lab/qpsmtpd_site.pl" "$home/own/lab_site"
cp "$DIR/cert.pem" "$ROOT/etc/lab/cert.pem"
# The port of the submissions role stands in the plugin.
sed "s/\b465\b/$((BASE + 2))/" "$ROOT/usr/share/qpsmtpd/plugins/tls" >"$home/own/tls"

cd "$home"
echo "$HOST_NAME" >me
printf '%s\n' "$LOCAL_DOMAIN" "$HOST_NAME" >rcpthosts
# Stock has no limit.
echo 10240000 >databytes
echo 1 >tls_before_auth
# Stock trusts the loopback network and would relay anything for the harness.
: >relayclients
printf '%s\n' /etc/lab/qpsmtpd/own /usr/share/qpsmtpd/plugins >plugin_dirs
echo /var/spool/qpsmtpd >spool_dir
echo 'logging/warn 5' >logging
printf "%s:$(cat "$DIR/password")\n" "$ACCOUNT@$LOCAL_DOMAIN" >flat_auth_pw
cat >plugins <<CF
tls /etc/lab/cert.pem /etc/lab/tls.pem /etc/lab/cert.pem
auth/auth_flat_file
lab_site
queue/smtp-forward 127.0.0.1 $SINK
CF
chown -R "$OWNER" .
cd /

# Limits.  Stock takes 5 connections from one address, 15 in all.
IN_ROOT+=(QPSMTPD_CONFIG=/etc/lab/qpsmtpd)
spawn "$DIR/qpsmtpd.log" root /usr/bin/qpsmtpd-forkserver -u qpsmtpd -l 127.0.0.1 -p "$BASE" -p $((BASE + 1)) -p $((BASE + 2)) -c 400 -m 400 -H
lab_started "$PID"
lab_await
# It knows accounts by their address alone.
# shellcheck disable=SC2034 # for lab.sh
LOGIN=$ACCOUNT@$LOCAL_DOMAIN
lab_profile "$(package_version qpsmtpd)" "$DIR/qpsmtpd.log"
