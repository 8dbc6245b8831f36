#!/bin/sh
# smtp.sh -- mail by SMTP: TLS and log-in, certificates, refusals, a server that hangs
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The servers are real ones (Debian's aiosmtpd), with a certificate made here.
. "$(dirname "$0")/support.sh"

python=/usr/bin/python3
$python -c 'import aiosmtpd' 2> /dev/null || python=python3
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem \
  -addext 'subjectAltName=DNS:localhost,IP:::1' 2> openssl.log
mkdir mails
cat > smtp.py << 'PYTHON'
"""smtp.py -- SMTP servers at four ports: STARTTLS and log-in wanted, TLS, plain, and one that hangs."""
import itertools, os, signal, socket, ssl, sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

numbers = itertools.count(1)

class Keep:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "553 5.1.8 sender refused"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@"):
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if b"spam" in envelope.content:
            return "554 5.7.1 this is spam"
        if b"busy" in envelope.content:
            return "452 4.3.1 no room"
        name = "mails/%03d" % next(numbers)
        with open(name + ".new", "wb") as file:
            head = [envelope.mail_from, " ".join(envelope.rcpt_tos), "STARTTLS" if session.ssl else "-",
                    getattr(session.auth_data, "login", b"-").decode()]
            file.write("|".join(head).encode() + b"\n" + envelope.content)
        os.rename(name + ".new", name)
        return "250 kept"

def log_in(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"me@example.org", b"se cret")
    return AuthResult(success=good, handled=False, auth_data=data)

tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("cert.pem", "key.pem")
starttls, smtps, plain, hanging = map(int, sys.argv[1:])
controllers = [
    Controller(Keep(), hostname="::1", port=starttls, tls_context=tls, require_starttls=True,
               authenticator=log_in, auth_required=True),
    Controller(Keep(), hostname="127.0.0.1", port=smtps, ssl_context=tls),
    Controller(Keep(), hostname="127.0.0.1", port=plain)]
for controller in controllers:
    controller.start()
mute = socket.create_server(("127.0.0.1", hanging))
open("ready", "w").close()
stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
stopped.wait()
for controller in controllers:
    controller.stop()
PYTHON
free_port && starttls=$port
free_port && smtps=$port
free_port && plain=$port
free_port && hanging=$port
start smtp "$python" smtp.py "$starttls" "$smtps" "$plain" "$hanging"
check "the SMTP servers are there" wait_until 20 test -e ready
echo 'se cret' > password
chmod 600 password
mails() { find mails -name '[0-9][0-9][0-9]' | wc -l; }
envelope() { sed -n 1p "mails/$1" | tr -d '\r'; }
printf 'From: dog@h\nSubject: s\n\n.\ncaf\303\251\n' > letter
# mail SENTENCE STATUS RECIPIENT OPTION...: the letter, to a server.
mail() {
  sentence=$1
  expected=$2
  recipient=$3
  shift 3
  runs "$sentence" "$expected" sheepdog-mail --from=dog@example.org "$@" -- "$recipient" < letter
}
secure() {
  sentence=$1
  expected=$2
  recipient=$3
  shift 3
  mail "$sentence" "$expected" "$recipient" --host=::1 --port="$starttls" --starttls --user=me@example.org \
    --password-file=password --ca-file=cert.pem "$@"
}
unprotected() {
  sentence=$1
  expected=$2
  recipient=$3
  shift 3
  mail "$sentence" "$expected" "$recipient" --host=127.0.0.1 --port="$plain" "$@"
}

# --- ways that are good
secure "STARTTLS, a log-in, by IPv6" 0 a@example.org
same "sender, recipient, way, who" 'dog@example.org|a@example.org|STARTTLS|me@example.org' "$(envelope 001)"
same "and the mail as it was" "$(sed 's/$/\r/' letter | od -c)" "$(sed 1d mails/001 | od -c)"
mail "TLS from the first byte on" 0 'o'\''dd+#x!$%&*/=?^_`{|}~@example.org' --host=localhost --port="$smtps" --tls \
  --ca-file=cert.pem
same "odd characters of an address arrive" 'dog@example.org|o'\''dd+#x!$%&*/=?^_`{|}~@example.org|-|-' "$(envelope 002)"
unprotected "nothing of both" 0 root
same "to a mailbox there" 'dog@example.org|root|-|-' "$(envelope 003)"

# --- what may pass is tried again, what will not is not
unprotected "a recipient that is refused" 65 nobody@example.org
has "says what the server says" "RCPT: 550 5.1.1 no such user" err
unprotected "one that is refused this time" 75 later@example.org
has "says so, too" "RCPT: 451 4.7.1 come back later" err
unprotected "a sender that is refused" 65 a@example.org --from=refused@example.org
has "is named" "MAIL: 553 5.1.8 sender refused" err
echo spam >> letter
unprotected "a text that is refused" 65 a@example.org
has "with the reason" "DATA: 554 5.7.1 this is spam" err
sed -i s/spam/busy/ letter
unprotected "a server without room" 75 a@example.org
has "will have some" "452 4.3.1 no room" err
sed -i '$d' letter
echo wrong > password
secure "a wrong password may be set right" 77 a@example.org
has "the server says what it is" "AUTH: 535" err
has_not "the password is not told" wrong err
rm password
secure "so may one that is missing" 78 a@example.org
has "its file is named" "no password from password: No such file or directory" err
echo 'se cret' > password
mail "a server that wants a log-in" 77 a@example.org --host=::1 --port="$starttls" --starttls --ca-file=cert.pem
mail "a certificate that nobody vouches for" 76 a@example.org --host=localhost --port="$smtps" --tls
has "is not believed" "certificate" err
mail "nor one of another host" 76 a@example.org --host=127.0.0.1 --port="$smtps" --tls --ca-file=cert.pem
unprotected "a server without STARTTLS gets nothing" 76 a@example.org --starttls --user=me --password-file=password
has "which is said" "STARTTLS" err
mail "a server that is not there" 69 a@example.org --host=127.0.0.1 --port=1
mail "a host that is none" 68 a@example.org --host=no-such-host.invalid
mail "one that says nothing" 75 a@example.org --host=127.0.0.1 --port="$hanging" --timeout=1
has "is left" "timed out: connecting" err
runs "a call that is wrong" 64 sheepdog-mail --host=h < letter
same "none of these mails went" 3 "$(mails)"

# --- a failure and its end, told by SMTP
cat > conf << END
(config (name "tux01") (mailto "admin@example.org") (mailfrom "sheepdog@example.org")
        (mailer "smtp+starttls://me@example.org@[::1]:$starttls" (password-file "$work/password")
                (ca-file "$work/cert.pem")))
END
chmod 600 password
runs "the configuration is good" 0 sheepdog config check conf
runs "a job fails" 3 sheepdog -c conf -t BORG-ETC -e 'exit 3'
check "a mail tells" wait_until 20 test -e mails/004
same "by way of the log-in" 'sheepdog@example.org|admin@example.org|STARTTLS|me@example.org' "$(envelope 004)"
has "of the failure" "Subject: [sheepdog] FAIL tux01/BORG-ETC: exit status 3" mails/004
rm password
runs "a password that is gone is missed" 1 sheepdog config check conf
runs "the job ends well" 0 sheepdog -c conf -t BORG-ETC -e true
check "a mail that cannot go waits" wait_until 20 sql_is 1 \
  "SELECT count(*) FROM outbox WHERE next IS NOT NULL AND error LIKE '%exit status 78%no password%'"
echo 'se cret' > password
chmod 644 password
runs "a password that others can read is wrong" 2 sheepdog config check conf
has "and said to be" "a password in a file that others can read (mode 644)" out
chmod 600 password
runs "the doctor sends one" 0 sheepdog doctor -c conf --mail
has "and says so" "sent to admin@example.org" out
check "it is there" grep -q '^Subject: \[sheepdog\] a test by the doctor' mails/005

# --- a server that hangs holds up nobody
cat > conf2 << END
(config (name "tux01") (mailto "admin@example.org") (mailer "smtp://127.0.0.1:$hanging"))
END
began=$(date +%s)
runs "a job does not wait for it" 1 sheepdog -c conf2 -t slow -e 'exit 1'
check "nor do we" test $(($(date +%s) - began)) -lt 20
finish
