#!/usr/bin/env bash
# dovecot.sh DIR BASEPORT - Debian's Dovecot submission service, as lab.sh describes. It is a proxy: it authenticates and hands
# everything on to a mail server, here Debian's Postfix, which trusts it and listens on BASEPORT. So it has no relay role.
TARGET=dovecot
PACKAGES=(dovecot-submissiond dovecot-core postfix)
# It takes a client with the server's own address for one on its own machine, which needs no TLS.
# shellcheck disable=SC2034 # for lab.sh
ROLES=(submission submissions) SOURCE=127.0.0.2
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user dovecot 12100 /usr/lib/dovecot
add_user dovenull 12101 /nonexistent
fresh_dir /etc/dovecot /run/dovecot /var/lib/dovecot
touch "$DIR/dovecot.log" "$ROOT/var/log/dovecot.log"
mount --bind "$DIR/dovecot.log" "$ROOT/var/log/dovecot.log"

# The server behind it trusts it, and takes more than Dovecot takes, which declares the size of what it adds too.
postfix_settings <<CF
mynetworks = 127.0.0.0/8
message_size_limit = 20480000
CF
postfix_services <<CF
127.0.0.1:$BASE inet n - n - - smtpd
CF
postfix_started

printf "%s:{PLAIN}$(cat "$DIR/password")\n" "$ACCOUNT" "$ACCOUNT@$LOCAL_DOMAIN" >"$ROOT/etc/lab/accounts"
chgrp "$(id_of group dovecot)" "$ROOT/etc/lab/accounts"
chmod 640 "$ROOT/etc/lab/accounts"
id=${MAILBOXES[$ACCOUNT]}
cat >"$ROOT/etc/dovecot/dovecot.conf" <<CF
protocols = submission
listen = 127.0.0.1
log_path = /var/log/dovecot.log
hostname = $HOST_NAME
ssl = required
ssl_cert = </etc/lab/tls.pem
ssl_key = </etc/lab/tls.pem
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = /etc/lab/accounts
}
userdb {
  driver = static
  args = uid=$id gid=$id home=/srv/mail/$ACCOUNT
}
mail_location = maildir:~/Maildir
submission_relay_host = 127.0.0.1
submission_relay_port = $BASE
# Stock takes 40 MB, more than the harness sends to find a limit.
submission_max_mail_size = 10240000
service submission-login {
  inet_listener submission {
    port = $((BASE + 1))
  }
  inet_listener submissions {
    port = $((BASE + 2))
    ssl = yes
  }
}

# Pace.  Stock waits 2 s before the answer to a wrong password, longer with each from one address ...
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
# Limits.  ... and takes 10 connections of a user.
mail_max_userip_connections = 100
CF
version=$(in_root dovecot --version | cut -d' ' -f1) || die "the settings are not understood, see $DIR/start.log"
spawn "$DIR/start.log" root /usr/sbin/dovecot -F
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/dovecot.log"
