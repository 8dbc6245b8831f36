#!/bin/sh
# five-troubles.sh -- a machine under load, its disk fills, a process dies, a page fails, a certificate ends
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Plays it through with the programs on PATH (or build/pre-inst-env sh examples/five-troubles.sh) and
# examples/server-config.scm: each trouble is barked, mended, and its end is told.  Needs redis-server,
# curl, openssl, python3 and unshare; writes nothing but a temporary directory, in which its tmpfs, its
# Redis, its web server and its mail are.  Exit status: 0 all was told; 1 something was not; 2 it cannot be tried here.
set -u
examples=$(cd "$(dirname "$0")" && pwd)
case ${FIVE_TROUBLES:-} in
  inside) ;;
  *) # a name space of mounts, for the tmpfs; who is not root is so in it
    if [ "$(id -u)" = 0 ]; then as=-m; else as=-rm; fi
    unshare $as true 2> /dev/null || { echo "five-troubles.sh: no name space for a tmpfs is to be had" >&2; exit 2; }
    FIVE_TROUBLES=inside exec unshare $as sh "$0" ;;
esac
here=$(mktemp -d "${TMPDIR:-/tmp}/five-troubles.XXXXXX") || exit 2
started=
end() {
  trap - EXIT
  for pid in $started; do kill "$pid" 2> /dev/null; done
  wait 2> /dev/null
  umount "$here/full" 2> /dev/null
  rm -rf "$here"
  exit "$1"
}
trap 'end 1' EXIT HUP INT TERM
cd "$here" || exit 2
XDG_STATE_HOME=$here/state XDG_CONFIG_HOME=$here/config XDG_RUNTIME_DIR=$here
CURL_CA_BUNDLE=$here/ca.pem SSL_CERT_FILE=$here/ca.pem # the authority that this machine believes
export XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR CURL_CA_BUNDLE SSL_CERT_FILE
unset SHEEPDOG_CONF

# start NAME COMMAND...: in the background; its process id in $pid.
start() {
  name=$1
  shift
  "$@" > "$name.log" 2>&1 < /dev/null &
  pid=$!
  started="$started $pid"
}

# until_true WHAT COMMAND...: wait till it succeeds.
until_true() {
  what=$1
  tries=600
  shift
  until "$@" > wait.log 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { echo "not seen: $what"; tail -n 5 ./*.log; end 1; }
    sleep 0.1
  done
}

# --- the machine's parts
mkdir -m 700 full
mount -t tmpfs -o size=4M none full || end 2
cp "$(command -v sleep)" herdsman
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=five-troubles -days 400 -keyout ca.key -out ca.pem 2> openssl.log
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout web.key -out web.csr 2>> openssl.log
echo subjectAltName=DNS:localhost > san
certificate() { # certificate DAYS: what the web server shows from now on
  openssl x509 -req -in web.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "$1" -extfile san -out new.pem 2>> openssl.log
  mv new.pem web.pem
}
cat > web.py << 'END_OF_SERVER'
import http.server, ssl, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(open("page").read()))
        self.send_header("Content-Length", "0")
        self.end_headers()
class Server(http.server.ThreadingHTTPServer):
    def get_request(self):  # with the certificate that there is now
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("web.pem", "web.key")
        connection, address = self.socket.accept()
        connection.settimeout(5)
        return context.wrap_socket(connection, server_side=True), address
    def handle_error(self, request, address):
        pass
Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
END_OF_SERVER
herdsman() {
  start herdsman ./herdsman 3600
  herdsman=$pid
}
configure() { # configure LIMIT: of the load
  sed "s/7777/$redis_port/; s/(notify)/(notify (group \"0s\" \"0s\"))/
       s|^(config|(config (name \"tux\") (include \"$here/troubles.scm\")|" "$examples/server-config.scm" > server-config.scm
  cat > troubles.scm << END_OF_CONFIGURATION
(config (database "$here/sheepdog.db") (mailer "sendmail://$here/sendmail")
        (watch load (warn $1) (fail $1) (every "1s") (tag "busy"))
        (watch disk (mount "$here/full") (warn 80) (fail 95) (every "1s") (tag "disk"))
        (watch process (command-line "^./herdsman ") (every "1s") (tag "herdsman"))
        (watch web (url "https://localhost:$port/") (days-warn 1) (days-fail 0) (every "1s") (tag "page"))
        (watch certificate (host "localhost") (port $port) (every "1s") (tag "certificate")))
END_OF_CONFIGURATION
  chmod 600 server-config.scm troubles.scm
}
cat > sendmail << END_OF_SENDMAIL
#!/bin/sh
grep -m 1 '^Subject: ' >> "$here/mails"
END_OF_SENDMAIL
chmod +x sendmail

# --- all is well
certificate 365
echo 200 > page
configure 1000
herdsman
start web python3 web.py "$port"
until_true "the page is there" curl --silent --fail "https://localhost:$port/"
for core in 1 2; do start load nice sh -c 'while :; do :; done'; done # real load
start redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$here"
until_true "Redis answers" redis-cli -p "$redis_port" ping
start server sheepdog-queue-daemon -c server-config.scm --log=stderr
start machine sheepdog-daemon -c server-config.scm --log=stderr
machine=$pid
troubles='busy disk herdsman page certificate'
state() { sheepdog -c server-config.scm check "tux/$1" > check.log 2>&1; echo $?; }
is_well() { [ "$(state "$1")" = 0 ]; }
is_bad() { case $(state "$1") in 1 | 2) ;; *) false ;; esac; }
for one in $troubles; do until_true "$one is well" is_well "$one"; done

# --- five troubles at once
configure 0
kill -HUP "$machine"
head -c 4000000 /dev/zero > full/file
kill "$herdsman"
echo 503 > page
certificate 2
for one in $troubles; do until_true "$one is barked" is_bad "$one"; done
sheepdog -c server-config.scm status --bad 'tux/*' --color=never

# --- mended
configure 1000
kill -HUP "$machine"
rm full/file
herdsman
echo 200 > page
certificate 365
for one in $troubles; do until_true "the end of $one is told" is_well "$one"; done
all_mailed() { for one in $troubles; do grep -q " ok tux/$one after" mails || return 1; done; }
until_true "mail of each end" all_mailed
echo
sed -n 's/^Subject: //p' mails | grep -E " tux/(busy|disk|herdsman|page|certificate)( |:|\$)"
end 0
