#!/usr/bin/env bash
# exim.sh DIR BASEPORT - Debian's Exim, as lab.sh describes.
TARGET=exim
# The daemon that Debian 12 installs where nobody asks for another.
PACKAGES=(exim4-daemon-light)
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user Debian-exim 12030 /var/spool/exim4
# An Exim that the host runs has mail in its queue and settings in /etc: not ours.
fresh_dir /var/spool/exim4 /var/lib/exim4 /run/exim4
chown "$(id_of passwd Debian-exim):$(id_of group Debian-exim)" "$ROOT"/{var/spool,run}/exim4 "$ROOT/etc/lab/tls.pem"
# One log: its two files, the third repeats the first.
fresh_dir /var/log/exim4
touch "$DIR/exim.log"
chown "$(id_of passwd Debian-exim)" "$DIR/exim.log"
for log in mainlog paniclog; do
  touch "$ROOT/var/log/exim4/$log"
  mount --bind "$DIR/exim.log" "$ROOT/var/log/exim4/$log"
done

# One that the host wrote by hand would win.
rm -f "$ROOT/etc/exim4/exim4.conf"
# Stock, that is Debian's files in conf.d, with the answers that its questions ask for ...
cat >"$ROOT/etc/exim4/update-exim4.conf.conf" <<CF
dc_use_split_config='true'
dc_eximconfig_configtype='internet'
dc_local_interfaces='127.0.0.1.$BASE : 127.0.0.1.$((BASE + 1)) : 127.0.0.1.$((BASE + 2))'
dc_other_hostnames='$LOCAL_DOMAIN'
dc_relay_domains='$RELAY_DOMAIN'
# There is no DNS.
dc_minimaldns='true'
dc_localdelivery='maildir_home'
CF
# ... and a site's own files beside them.
conf=$ROOT/etc/exim4/conf.d
cat >"$conf/main/00_lab" <<CF
write_rejectlog = false

# Stock trusts the loopback network and would relay anything for the harness.
MAIN_RELAY_NETS =

MAIN_TLS_ENABLE = yes
MAIN_TLS_CERTKEY = /etc/lab/tls.pem
# No client shows a certificate, and stock loads the system's authorities for each TLS session.
MAIN_TLS_VERIFY_CERTIFICATES = /dev/null
tls_on_connect_ports = $((BASE + 2))

# Stock knows no submission port: there a sender has to log in.
MAIN_ACL_CHECK_MAIL = \${if eq{\$received_port}{$BASE} {acl_check_mail} {acl_check_submission}}

# Stock takes 50 MB, more than the harness sends to find a limit.
MESSAGE_SIZE_LIMIT = 10240000

# Limits.  Stock serves 20 connections at once and lets as many wait, while others are not answered at all ...
smtp_accept_max = 0
smtp_connect_backlog = 128
# ... and hangs up after 10 commands that send no mail, 3 errors or 3 unknown commands.
smtp_accept_max_nonmail = 100000
smtp_max_synprot_errors = 100000
smtp_max_unknown_commands = 100000
CF
cat >"$conf/acl/10_lab" <<CF
acl_check_submission:
  deny
    !authenticated = *
    message = 530 5.7.0 Authentication required
  accept

CF
cat >"$conf/router/10_lab" <<CF
next_hop:
  driver = manualroute
  domains = +relay_to_domains
  route_list = * 127.0.0.1
  self = send
  transport = next_hop

CF
cat >"$conf/transport/20_lab" <<CF
next_hop:
  driver = smtp
  port = $SINK
  allow_localhost

CF
# Pace.  Stock tries again after 15 minutes, and the harness may start its own next hop later.
echo '* * F,1h,10s' >"$conf/retry/10_lab"
# Debian's examples, but for the port.
for mechanism in plain login; do
  sed -n "/^# ${mechanism}_server:/,/^# *\.endif/s/^# //p" "$conf/auth/30_exim4-config_examples"
done | sed "s/server_advertise_condition = .*/server_advertise_condition = \${if and {{def:tls_in_cipher} {!eq{\$received_port}{$BASE}}}}/" \
  >"$conf/auth/20_lab"
printf '%s:%s\n' "$ACCOUNT" "$(openssl passwd -5 -stdin <"$DIR/password")" >"$ROOT/etc/exim4/passwd"
chgrp "$(id_of group Debian-exim)" "$ROOT/etc/exim4/passwd"
chmod 640 "$ROOT/etc/exim4/passwd"
echo "postmaster: $ACCOUNT" >"$ROOT/etc/aliases"

in_root update-exim4.conf
version=$(in_root exim4 -bV | awk 'NR == 1 {print $3}')
spawn "$DIR/start.log" root /usr/sbin/exim4 -bdf -q10s
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/exim.log"
