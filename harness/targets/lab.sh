# shellcheck shell=bash
# lab.sh - sourced by the launchers beside it (NAME.sh DIR BASEPORT).
#
# A launcher starts one real mail server on loopback and prints its profile:
#
#   BASEPORT    relay role        (port 25:  STARTTLS, no AUTH)
#   BASEPORT+1  submission role   (port 587: STARTTLS, then AUTH)
#   BASEPORT+2  submissions role  (port 465: TLS from the first octet, AUTH)
#
# NAME.sh --describe prints its roles, its version, whether what it needs is fetched (yes or no) and CASES, between tabs;
# NAME.sh --fetch fetches that.
#
# Exit status: 0 the server runs, 2 wrong usage, 3 it could not be started.
# Environment: SINK_PORT       where mail for relay.test is sent (BASEPORT+9)
#              SMTPSPEC_CACHE  where fetched packages are kept
#              LAB_SETTINGS    more lines for the server's configuration (postfix)
#              LAB_INSTEAD     files that take the place of the packages', below this
#                              folder as below /
#              SMTPSPEC_COVERAGE  is handed on to the server (fuzz/coverage)
#
# The server's packages are not installed.  Debian's mail servers exclude each
# other and have absolute paths compiled in, so each one gets a view of its
# own: the packages are unpacked into a tmpfs, an overlay puts that on top of
# the host's /, and the server runs in a chroot there, inside a private mount
# namespace.  The network and the process ids stay the host's, so that a client
# needs nothing special and `kill` ends the server; when its last process is
# gone the kernel drops the namespace and every mount in it.
#
# To add a server, write NAME.sh:
#
#   TARGET=name PACKAGES=(debian-package ...)   # SUITE=bookworm-backports where the release's own do not do
#   NPM=name@version        # a package of npm's; node and npm of the host are used for it
#   ROLES=(relay ...)       # where it has not all three
#   WITHOUT="account ..."   # what of the profile does not hold for it
#   CONNECTIONS=10          # at once, where it does not take 40
#   SOURCE=127.0.0.2        # where the harness has to connect from
#   CASES="rfc5321/order"   # what is run on it with the whole lab, where all of the suite is too much; words of `run`
#   . lab.sh
#   lab_enter "$@"          # from here on in the namespace: DIR, BASE, SINK, ROOT; NODE with /opt/lab, the npm package
#   ...                     # configure it below $ROOT, start it (in_root, spawn)
#   lab_started PID ...     # what `kill` must be given to end it
#   lab_await               # until the ports of its roles answer
#   lab_profile VERSION LOG

set -euo pipefail
# Files that the servers must read are created below; do not depend on the caller's mask.
umask 022

LOCAL_DOMAIN=local.test
RELAY_DOMAIN=relay.test
HOST_NAME=mx.local.test
ACCOUNT=alice
# Mailbox owners.  High ids, so that they meet none of the host's.
declare -A MAILBOXES=([alice]=12001 [carol]=12002)

: "${TARGET:?set it before sourcing lab.sh}"
: "${PACKAGES:=}"
[[ -v ROLES ]] || ROLES=(relay submission submissions)
declare -A OFFSETS=([relay]=0 [submission]=1 [submissions]=2)
declare -A SCHEMES=([relay]=smtp [submission]=submission [submissions]=submissions)
SELF=$(realpath "$0")
CACHE=$(realpath -m "${SMTPSPEC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/smtpspec}")
PIDS=()
# Where die writes: 4, the real stderr, once 2 has become the log.
TELL=2
REPORTED=
INSIDE=
SCRATCH=
DIR=

die() { # MESSAGE: one line for the person, the details are in the log
  printf '%s: %s\n' "$TARGET" "$*" >&"$TELL"
  REPORTED=1
  exit 3
}

pids_inside() { # whatever lives in the private namespace is ours, but for this shell
  local process
  for process in /proc/[0-9]*; do
    [[ ${process##*/} == "$$" || ${process##*/} == "$BASHPID" || ! $process/ns/mnt -ef /proc/$$/ns/mnt ]] || echo "${process##*/}"
  done
}

# Any way out but success ends what was started: a half-started server would
# hold the ports without anybody knowing its pid.
on_exit() {
  local status=$? process
  ((status != 0)) || return 0
  [[ -z $SCRATCH ]] || rm -rf "$SCRATCH"
  if [[ -n $INSIDE ]]; then
    for process in $(pids_inside); do
      kill "$process" 2>/dev/null || :
    done
  fi
  [[ -n $REPORTED ]] || printf '%s: start failed, see %s\n' "$TARGET" "$DIR/start.log" >&"$TELL"
  exit 3
}

need() { # COMMAND...
  local c
  for c; do
    command -v "$c" >/dev/null || die "the command $c is missing"
  done
}

port_open() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# --- packages -----------------------------------------------------------------

APT_LISTS=()
apt_get() {
  # The sandbox user cannot write below a home directory.
  apt-get -q -o APT::Sandbox::User=root "${APT_LISTS[@]}" "$@"
}

# Package lists of our own, for a host whose lists are missing or too old, or lack the launcher's SUITE.
own_lists() { # IN
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
  APT_LISTS=(-o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/cache")
  apt_get update
  [[ -z ${SUITE:-} ]] || add_suite "$1/sources.list"
}

# What the host has in /etc/apt/sources.list, and SUITE from where the host has its own release.
add_suite() { # FILE
  local mirrors
  # Only what was fetched has targets.
  # shellcheck disable=SC2016 # $(SITE) is for apt
  mirrors=$(apt_get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: ${SUITE%-*}" 'Component: main')
  [[ ! -e /etc/apt/sources.list ]] || cat /etc/apt/sources.list >"$1"
  echo "deb ${mirrors%%$'\n'*} $SUITE main" >>"$1"
  APT_LISTS+=(-o "Dir::Etc::sourcelist=$1")
  apt_get update
}

download() { # TO: the packages this host lacks
  local plan names
  # A suite that the lists lack is an error here.
  plan=$(apt_get ${SUITE:+-t "$SUITE"} install -s --no-install-recommends "${PACKAGES[@]}") || return 1
  plan=$(awk -v skip="${UNNEEDED:-^$}" '$1 == "Inst" && $2 !~ skip {print $2}' <<<"$plan")
  # Nothing to fetch: the host has it all, and the overlay shows the host's files.
  [[ -n $plan ]] || return 0
  mapfile -t names <<<"$plan"
  (cd "$1" && apt_get ${SUITE:+-t "$SUITE"} download "${names[@]}")
}

fetch() { # INTO COMMAND...: what the command puts into the folder that it is given; it may use the network, so once only
  local into=$1
  shift
  [[ ! -d $into ]] || return 0
  mkdir -p "${into%/*}"
  SCRATCH=$(mktemp -d "${into%/*}/.new.XXXXXX")
  mkdir "$SCRATCH/new"
  "$@" "$SCRATCH/new"
  # Complete or not there at all; that another start was quicker is no failure.
  mv -T "$SCRATCH/new" "$into" || [[ -d $into ]]
  rm -rf "$SCRATCH"
}

fetch_debs() { # INTO
  need apt-get
  download "$1" || { own_lists "$SCRATCH/apt" && download "$1"; } ||
    die "cannot fetch the packages ${PACKAGES[*]}${DIR:+, see $DIR/start.log}"
}

# What Node packages of today run on.
NODE_LEAST=20

fetch_npm() { # INTO
  need npm node
  local packages=("$NPM")
  # Debian 12's own Node is older.
  (($(node -p 'process.versions.node.split(".")[0]') >= NODE_LEAST)) || packages+=(node@22)
  # Without a package of its own there npm looks for one in the folders above.
  echo '{}' >"$1/package.json"
  cd "$1"
  npm install --omit=dev --no-audit --no-fund --no-update-notifier --loglevel=error "${packages[@]}" ||
    die "cannot fetch $NPM from npm${DIR:+, see $DIR/start.log}"
  cd "$OLDPWD"
}

lab_describe() {
  local fetched=yes version=
  [[ -z ${PACKAGES[*]} || -d $DEBS ]] || fetched=no
  [[ -z ${NPM:-} || -d $CACHE/npm/$NPM ]] || fetched=no
  if [[ -n ${NPM:-} ]]; then
    version=${NPM##*@}
  elif [[ $fetched == yes ]]; then
    version=$(package_version "${PACKAGES[0]}")
  fi
  printf '%s\t%s\t%s\t%s\n' "${ROLES[*]}" "$version" "$fetched" "${CASES:-}"
}

lab_fetch() {
  [[ -z ${PACKAGES[*]} ]] || fetch "$DEBS" fetch_debs
  [[ -z ${NPM:-} ]] || fetch "$CACHE/npm/$NPM" fetch_npm
}

# --- stage 1: on the host -----------------------------------------------------

make_certificate() {
  [[ ! -s $DIR/cert.pem || ! -s $DIR/key.pem ]] || return 0
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -subj "/CN=$HOST_NAME" -addext "subjectAltName=DNS:$HOST_NAME,DNS:localhost,IP:127.0.0.1" \
      -keyout "$DIR/key.pem" -out "$DIR/cert.pem"
  )
  chmod 644 "$DIR/cert.pem"
}

make_password() {
  rm -f "$DIR/password"
  (
    umask 077
    # No newline: the file is the password and nothing else.
    printf %s "$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" >"$DIR/password"
  )
}

lab_enter() { # DIR BASEPORT, or one of the words above
  # What the host lacks differs from one release and machine type to another.
  # shellcheck source=/dev/null
  DEBS=$CACHE/debs/$(. /etc/os-release && echo "$ID${VERSION_ID:-}")-$(dpkg --print-architecture)/$TARGET
  case ${1:-} in
  --describe)
    lab_describe
    exit
    ;;
  --fetch)
    trap 'rm -rf "$SCRATCH"' EXIT
    trap 'exit 3' HUP INT TERM
    lab_fetch >&2
    exit
    ;;
  esac
  if (($# != 2)) || ! [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > 65526)) ||
    ! [[ ${SINK_PORT:-1} =~ ^[1-9][0-9]{0,4}$ ]]; then
    printf 'usage: [SINK_PORT=N] %s DIR BASEPORT | --describe | --fetch\n' "$0" >&2
    exit 2
  fi
  # shellcheck disable=SC2034 # SINK is for the launchers
  BASE=$2 SINK=${SINK_PORT:-$(($2 + 9))}
  [[ $EUID == 0 ]] || die "must run as root (it mounts and changes root)"
  need unshare mount chroot setsid dpkg dpkg-deb tar awk openssl timeout
  mkdir -p "$1" || die "cannot create the directory $1"
  DIR=$(cd "$1" && pwd)
  trap on_exit EXIT
  trap 'die "interrupted"' HUP INT TERM
  # 3 and 4: the caller's stdout and stderr.  What the commands below say goes to
  # the log; stdout must hold the profile and nothing else.
  exec 3>&1 4>&2 </dev/null >>"$DIR/start.log" 2>&1
  TELL=4
  local here
  here=$(readlink /proc/self/ns/mnt)
  # Set by stage 1 and different: this is the second run, in the namespace.
  if [[ -n ${LAB_HOST_NS:-} && $LAB_HOST_NS != "$here" ]]; then
    unset LAB_HOST_NS
    INSIDE=1
    build_root
    return
  fi
  unshare -m -u --propagation private true ||
    die "cannot make a private mount namespace (CAP_SYS_ADMIN is missing)"
  local port
  for port in "$BASE" $((BASE + 1)) $((BASE + 2)); do
    ! port_open "$port" || die "port $port is in use"
  done
  lab_fetch
  make_certificate
  make_password
  LAB_HOST_NS=$here exec unshare -m -u --propagation private "$BASH" "$SELF" "$DIR" "$BASE" >&3 2>&4
}

# --- stage 2: in the private namespace ------------------------------------------

build_root() { # sets ROOT
  local lab=$DIR/.ns l deb
  mkdir -p "$lab" "$DIR/mail"
  # An overlay refuses an upper layer inside its own lower layer, hence a tmpfs.
  mount -t tmpfs -o mode=755 tmpfs "$lab" || die "cannot mount a tmpfs"
  cd "$lab"
  mkdir pkg up work root
  # Packages that still ship /lib/... must land behind the host's /lib -> usr/lib,
  # else their /lib would hide the link and nothing would run.
  for l in bin sbin lib lib32 lib64 libx32; do
    [[ ! -L /$l ]] || { mkdir -p "pkg/usr/$l" && ln -s "usr/$l" "pkg/$l"; }
  done
  for deb in "$DEBS"/*.deb; do
    [[ -e $deb ]] || break
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C pkg
  done
  [[ -z ${LAB_INSTEAD:-} ]] || cp -a "$LAB_INSTEAD/." pkg/
  # Relative names: a colon or a comma in DIR would end an absolute one.
  mount -t overlay -o lowerdir=pkg:/,upperdir=up,workdir=work overlay root ||
    die "cannot mount an overlay on / (overlayfs is missing)"
  cd /
  ROOT=$lab/root
  build_dev
  mount --bind /proc "$ROOT/proc"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
  isolate_names
  add_mailboxes
  install -D -m 600 /dev/null "$ROOT/etc/lab/tls.pem"
  cat "$DIR/key.pem" "$DIR/cert.pem" >"$ROOT/etc/lab/tls.pem"
  [[ -z ${NPM:-} ]] || bind_npm
}

bind_npm() { # sets NODE
  mkdir -p "$ROOT/opt/lab"
  mount --bind "$CACHE/npm/$NPM" "$ROOT/opt/lab"
  NODE=$(command -v node)
  # shellcheck disable=SC2034 # for the launchers
  [[ ! -e $ROOT/opt/lab/node_modules/node ]] || NODE=/opt/lab/node_modules/node/bin/node
}

package_version() { # PACKAGE, for a server that does not say: of the one fetched, else of the host's
  local deb
  deb=$(find "$DEBS" -name "$1_*.deb" 2>/dev/null)
  if [[ -n $deb ]]; then dpkg-deb -f "$deb" Version; else dpkg-query -W -f '${Version}' "$1"; fi | sed 's/^[0-9]*://; s/-[^-]*$//; s/+dfsg.*//'
}

npm_version() { # PACKAGE
  sed -n 's/^  "version": "\(.*\)",*$/\1/p' "$ROOT/opt/lab/node_modules/$1/package.json"
}

# For a server whose application is ours: one user owns all mailboxes, since the server has no means to change to theirs;
# site.json says what the application has to know, and FILE... of this folder stand beside it in /etc/lab.  Sets OWNER.
lab_application() { # USER ID FILE...
  local lab=$ROOT/etc/lab user=$1 boxes
  add_user "$user" "$2" /nonexistent
  OWNER=$(id_of passwd "$user"):$(id_of group "$user")
  shift 2
  (($# == 0)) || (cd "$(dirname "$SELF")" && install -m 644 "$@" "$lab")
  printf -v boxes '"%s", ' "${!MAILBOXES[@]}"
  install -m 600 /dev/null "$lab/site.json"
  cat >"$lab/site.json" <<JSON
{"base": $BASE, "sink": $SINK, "host": "$HOST_NAME", "local": "$LOCAL_DOMAIN", "relay": "$RELAY_DOMAIN",
 "account": "$ACCOUNT", "password": "$(cat "$DIR/password")", "mailboxes": [${boxes%, }]}
JSON
  touch "$DIR/$TARGET.log"
  chown -R "$OWNER" "$ROOT/srv/mail" "$lab"
}

build_dev() {
  local node
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev"
  for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$ROOT/dev/${node%:*}" c 1 "${node#*:}"
  done
  mkdir -m 1777 "$ROOT/dev/shm"
  ln -s /proc/self/fd "$ROOT/dev/fd"
}

# No name service but the files: a lookup answers at once instead of waiting
# for a network that is not there.
isolate_names() {
  printf %s "$HOST_NAME" >/proc/sys/kernel/hostname # of the private namespace
  echo "$HOST_NAME" >"$ROOT/etc/hostname"
  echo "$HOST_NAME" >"$ROOT/etc/mailname"
  # A link to a file below /run would lead nowhere.
  rm -f "$ROOT/etc/resolv.conf" "$ROOT/etc/hosts"
  printf '127.0.0.1 %s mx localhost\n' "$HOST_NAME" >"$ROOT/etc/hosts"
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$ROOT/etc/resolv.conf"
  printf '%s: files\n' passwd group shadow hosts services protocols >"$ROOT/etc/nsswitch.conf"
}

add_user() { # NAME ID HOME: unless the host has it; the layer's files only
  grep -q "^$1:" "$ROOT/etc/group" || echo "$1:x:$2:" >>"$ROOT/etc/group"
  grep -q "^$1:" "$ROOT/etc/passwd" || {
    echo "$1:x:$2:$(id_of group "$1")::$3:/bin/sh" >>"$ROOT/etc/passwd"
    echo "$1:*:19000::::::" >>"$ROOT/etc/shadow"
  }
}

id_of() { # passwd|group NAME: the id inside the root, where the host's may differ
  awk -F: -v name="$2" '$1 == name {print $3}' "$ROOT/etc/$1"
}

add_mailboxes() {
  local user home id
  mkdir -p "$ROOT/srv/mail"
  mount --bind "$DIR/mail" "$ROOT/srv/mail"
  for user in "${!MAILBOXES[@]}"; do
    home=$DIR/mail/$user id=${MAILBOXES[$user]}
    # A user of the host with that name would get the mail in the wrong home.
    sed -i "/^$user:/d" "$ROOT"/etc/{passwd,group,shadow}
    add_user "$user" "$id" "/srv/mail/$user"
    # There from the start, so that a reader need not tell "no mail yet" from "no box".
    mkdir -p "$home"/Maildir/{new,cur,tmp}
    chown -R "$id:$id" "$home"
  done
}

fresh_dir() { # PATH...: empty inside the root, whatever the host has there
  local path
  for path; do
    mkdir -p "$ROOT$path"
    mount -t tmpfs -o mode=755 tmpfs "$ROOT$path"
  done
}

# A server that is Debian's Postfix, or stands before one: postfix_settings, postfix_services, postfix_started, in this order.
postfix_settings() { # main.cf, but for what every Postfix of the lab has, from standard input
  add_user postfix 12010 /var/spool/postfix
  add_user postdrop 12011 /nonexistent
  # A Postfix that the host runs has mail in its queue: not ours to deliver.
  fresh_dir /var/spool/postfix /var/lib/postfix
  chown "$(id_of passwd postfix)" "$ROOT/var/lib/postfix"
  # What the package's own installation script would do.
  chgrp "$(id_of group postdrop)" "$ROOT"/usr/sbin/{postdrop,postqueue}
  chmod 2755 "$ROOT"/usr/sbin/{postdrop,postqueue}
  touch "$DIR/postfix.log" "$ROOT/var/log/postfix.log"
  mount --bind "$DIR/postfix.log" "$ROOT/var/log/postfix.log"
  {
    cat "$ROOT/usr/share/postfix/main.cf.debian"
    cat <<CF

# No syslog here.
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var/log

myhostname = $HOST_NAME
mydestination = $LOCAL_DOMAIN, $HOST_NAME
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
home_mailbox = Maildir/
alias_maps = inline:{ { postmaster = $ACCOUNT } }
alias_database =
transport_maps = inline:{ { $RELAY_DOMAIN = smtp:[127.0.0.1]:$SINK } }

# There is no DNS.
smtp_dns_support_level = disabled
smtpd_peername_lookup = no

# Pace.  Stock waits 1 s before the answer to an error ...
smtpd_error_sleep_time = 0
# ... and 1 s at RCPT once clients have abandoned some envelopes ...
in_flow_delay = 0
# ... and starts no process for a minute when one dies in its first session, as smtpd does of a chunk behind one that was too big.
service_throttle_time = 1s
# It takes 50 connections from one address.
smtpd_client_connection_count_limit = 0

CF
    cat
  } >"$ROOT/etc/postfix/main.cf"
}

postfix_services() { # its listeners in master.cf, from standard input; the rest is stock but for the chroot, which wants a copy of /etc
  {
    sed '/^smtp  *inet /d' "$ROOT/usr/share/postfix/master.cf.dist"
    cat
  } >"$ROOT/etc/postfix/master.cf"
  in_root postconf -F '*/*/chroot=n'
  # Every Postfix command waits until a file that was just written has settled.
  touch -d '1 hour ago' "$ROOT"/etc/postfix/{main,master}.cf
}

postfix_started() {
  in_root postfix start || die "Postfix did not start, see the logs in $DIR"
  lab_started "$(tr -d ' ' <"$ROOT/var/spool/postfix/pid/master.pid")"
}

IN_ROOT=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C ${SMTPSPEC_COVERAGE:+"SMTPSPEC_COVERAGE=$SMTPSPEC_COVERAGE"})

in_root() ( # COMMAND...
  close_inherited
  exec chroot "$ROOT" "${IN_ROOT[@]}" "$@"
)

spawn() { # LOG USER COMMAND...: a server that stays in the foreground; sets PID
  local log=$1 ids
  ids=$(id_of passwd "$2"):$(awk -F: -v name="$2" '$1 == name {print $4}' "$ROOT/etc/passwd")
  shift 2
  (
    exec >>"$log" 2>&1
    close_inherited
    exec setsid chroot --userspec="$ids" --groups= "$ROOT" "${IN_ROOT[@]}" "$@"
  ) &
  # shellcheck disable=SC2034 # for the launchers
  PID=$!
}

syslog() { # LOG: for a server that knows no other log; needs python3
  spawn "$1" root /usr/bin/python3 -uc 'import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
while True:
    print(log.recv(65536).decode(errors="replace").rstrip("\n\0"))'
  lab_started "$PID"
  until [[ -S $ROOT/dev/log ]]; do sleep 0.05; done
}

# A caller that reads our output to its end must not wait for the server's: no
# descriptor of the caller, 3 and 4 among them, may stay open in it.
close_inherited() {
  local fd
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
  done
}

lab_started() { # PID...
  PIDS+=("$@")
}

# --- readiness and report -------------------------------------------------------

greets() ( # PORT: true when the greeting arrives
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
  IFS= read -r -t 20 line <&3 && [[ $line == 220* ]] || exit 1
  # Leave in order, or the log begins with a lost connection.
  printf 'QUIT\r\n' >&3
  read -r -t 5 _ <&3 || :
)

greets_tls() ( # PORT: the same with TLS first, verified as a client would do it
  coproc TLS {
    exec timeout 20 openssl s_client -quiet -connect "127.0.0.1:$1" \
      -CAfile "$DIR/cert.pem" -verify_hostname "$HOST_NAME" -verify_return_error
  }
  pid=$TLS_PID
  # Some hang up on who talks before the greeting.
  if ! IFS= read -r -t 20 line <&"${TLS[0]}" || [[ $line != 220* ]]; then
    kill "$pid" 2>/dev/null || :
    exit 1
  fi
  printf 'QUIT\r\n' >&"${TLS[1]}"
  read -r -t 5 _ <&"${TLS[0]}" || :
)

lab_await() { # until the ports of its roles answer; up to a minute, for a busy machine
  local end=$((SECONDS + 60)) role port probe
  for role in "${ROLES[@]}"; do
    port=$((BASE + OFFSETS[$role])) probe=greets
    [[ $role != submissions ]] || probe=greets_tls
    until "$probe" "$port" 2>/dev/null; do
      kill -0 "${PIDS[@]}" 2>/dev/null || die "the server ended while starting, see the logs in $DIR"
      ((SECONDS < end)) || die "port $port does not answer, see the logs in $DIR"
      sleep 0.1
    done
  done
}

text() { # a YAML scalar: plain where that is safe
  if [[ $1 =~ ^[A-Za-z/][A-Za-z0-9/._+@-]*$ ]]; then
    printf %s "$1"
  else
    local s=${1//\\/\\\\}
    printf '"%s"' "${s//\"/\\\"}"
  fi
}

has() { # FACT: true where it holds for this server
  [[ " ${WITHOUT:-} " != *" $1 "* ]]
}

lab_profile() { # VERSION LOG
  local pids role
  printf -v pids '%s, ' "${PIDS[@]}"
  {
    printf 'name: %s\nversion: "%s"\nendpoints:\n' "$TARGET" "$1"
    for role in "${ROLES[@]}"; do
      echo "  $role: ${SCHEMES[$role]}://127.0.0.1:$((BASE + OFFSETS[$role]))"
    done
    echo "recipient: alice@$LOCAL_DOMAIN"
    echo "second-recipient: carol@$LOCAL_DOMAIN"
    ! has unknown-recipient || echo "unknown-recipient: no-such-user@$LOCAL_DOMAIN"
    ! has relayed-recipient || echo "relayed-recipient: bob@$RELAY_DOMAIN"
    ! has denied-recipient || echo "denied-recipient: bob@elsewhere.test"
    ! has account || printf 'account:\n  user: %s\n  password_file: %s\n' "${LOGIN:-$ACCOUNT}" "$(text "$DIR/password")"
    ! has mailbox || printf 'mailbox:\n  maildir: %s\n' "$(text "$DIR/mail/alice/Maildir")"
    ! has mailbox || printf 'second-mailbox:\n  maildir: %s\n' "$(text "$DIR/mail/carol/Maildir")"
    ! has relayed-recipient || ! has next-hop || printf 'next-hop:\n  sink: 127.0.0.1:%s\n' "$SINK"
    ! has tls || printf 'tls:\n  ca: %s\n  name: %s\n' "$(text "$DIR/cert.pem")" "$HOST_NAME"
    printf 'log: %s\nstop:\n  pids: [%s]\nlimits:\n  connections: %s\n' "$(text "$2")" "${pids%, }" "${CONNECTIONS:-40}"
    [[ -z ${SOURCE:-} ]] || echo "  source: $SOURCE"
  } >&3
}
