#!/bin/sh
# mail.sh -- ten failures are one mail, the success afterwards is one that answers it
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The mail goes through msmtp, a real sendmail, to a real SMTP server (Debian's aiosmtpd).
. "$(dirname "$0")/support.sh"

python=/usr/bin/python3
$python -c 'import aiosmtpd' 2> /dev/null || python=python3
mkdir mails
cat > smtp.py << 'PYTHON'
"""smtp.py -- an SMTP server that puts each mail into a file and refuses who is called nobody."""
import itertools, os, signal, sys, threading
from aiosmtpd.controller import Controller

numbers = itertools.count(1)

class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        if address.startswith("later@") and not os.path.exists("open"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = "mails/%03d" % next(numbers)
        with open(name + ".new", "wb") as file:
            file.write(b"RCPT " + " ".join(envelope.rcpt_tos).encode() + b"\n" + envelope.content)
        os.rename(name + ".new", name)
        return "250 kept"

controller = Controller(Keep(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
stopped.wait()
controller.stop()
PYTHON
free_port
start smtp "$python" smtp.py "$port"
check "the SMTP server answers" wait_until 10 \
  "$python" -c "import smtplib; smtplib.SMTP('127.0.0.1', $port).quit()"
cat > msmtprc << END
account default
host 127.0.0.1
port $port
auth off
tls off
END
chmod 600 msmtprc
printf '#!/bin/sh\nexec msmtp -C %s/msmtprc "$@"\n' "$work" > sendmail
chmod +x sendmail
cat > conf << END
(config (name "tux01") (mailto "admin@example.org") (mailfrom "sheepdog@example.org")
        (mailer "sendmail://$work/sendmail"))
END
bark() { sheepdog -c "$work/conf" -t "$1" -e "$2"; }
mails() { find mails -name '[0-9][0-9][0-9]' | wc -l; }
mails_are() { [ "$(mails)" = "$1" ]; }
header() { sed -n "/^\r*$/q; s/^$2: *//p" "mails/$1" | tr -d '\r'; }

# --- the same job, ten times
for _ in 1 2 3 4 5 6 7 8 9 10; do
  bark BORG-ETC 'echo Repository /x does not exist. >&2; exit 2' > /dev/null 2>> barks.log
done
check "ten failures are stored" wait_until 20 sql_is 10 "SELECT count(*) FROM event"
check "they are one mail" wait_until 10 mails_are 1
same "to whom it concerns" 'RCPT admin@example.org' "$(sed -n 1p mails/001 | tr -d '\r')"
same "its subject says what and where" '[sheepdog] FAIL tux01/BORG-ETC: exit status 2' "$(header 001 Subject)"
same "no robot answers it" auto-generated "$(header 001 Auto-Submitted)"
same "its state can be filtered" fail "$(header 001 X-Sheepdog-State)"
has "it has the last words of the job" "Repository /x does not exist." mails/001
has "and says why it came" "because:" mails/001
first=$(header 001 Message-ID)
check "it has an identity" test -n "$first"

# --- success
bark BORG-ETC true 2>> barks.log
check "the success is one more mail" wait_until 10 mails_are 2
same "that answers the first" "$first" "$(header 002 References)"
check "and says ok" sh -c "grep -q '^Subject: \[sheepdog\] ok tux01/BORG-ETC' mails/002"
bark BORG-ETC true 2>> barks.log
sleep 0.5
check "the next success is none" mails_are 2

# --- another state in one incident
sed -i 's/(mailto/(notify (on warn fail recovery)) (mailto/' conf
for state in warn warn fail fail warn ok; do
  sheepdog bark -c conf -t raid -s $state -S "now $state" 2>> barks.log
  sheepdog queue flush -c conf > /dev/null 2>> barks.log
done
check "warn, fail and ok are told once each" wait_until 10 mails_are 5
check "first the warning" grep -q '^Subject: \[sheepdog\] warn tux01/raid' mails/003
check "then the failure" grep -q '^Subject: \[sheepdog\] FAIL tux01/raid' mails/004
same "in the same thread" "$(header 003 Message-ID)" "$(header 004 References)"
check "then the end" grep -q '^Subject: \[sheepdog\] ok tux01/raid' mails/005
same "milder and equal states are decided against, with the reason" 'milder same' \
  "$(sql "SELECT group_concat(reason, ' ') FROM (SELECT DISTINCT reason FROM decision
          JOIN subject ON subject.id = decision.subject WHERE tag = 'raid' AND verdict = 'no' ORDER BY reason)")"

# --- who cannot be told is marked; others are told all the same
sed -i 's/"admin@example.org"/"nobody@example.org" "admin@example.org"/' conf
bark other 'exit 1' 2>> barks.log
check "the other recipient has the mail" wait_until 10 mails_are 6
check "the refused one is given up, with the server's words" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM outbox WHERE recipient LIKE '%nobody@%' AND done IS NULL AND next IS NULL AND error IS NOT NULL"

# --- temporary trouble: later is tried again
sed -i 's/"nobody@example.org" "admin@example.org"/"later@example.org"/' conf
bark later 'exit 1' 2>> barks.log
check "a temporary failure waits for its next try" wait_until 10 sql_is 1 \
  "SELECT count(*) FROM outbox WHERE recipient LIKE '%later@%' AND done IS NULL AND next IS NOT NULL AND tries = 1"

# --- nothing in a message becomes a header, and the text arrives whole
sed -i 's/"later@example.org"/"admin@example.org"/' conf
sheepdog bark -c conf -t header -s fail -S "$(printf 'line\r\nBcc: evil@example.org')" 2>> barks.log
sheepdog queue flush -c conf > /dev/null 2>> barks.log
check "a hostile summary is a mail" wait_until 10 mails_are 7
same "to nobody else" 'RCPT admin@example.org' "$(sed -n 1p mails/007 | tr -d '\r')"
same "without a header of its own" '' "$(header 007 Bcc)"
printf 'caf\303\251\n.\nFrom me\n~!sh\n' > text
bark "$(printf 'caf\303\251')" 'cat text >&2; exit 1' 2>> barks.log
check "so are strange last words" wait_until 10 mails_are 8
"$python" - > decoded << 'PYTHON'
import email, email.policy
with open("mails/008", "rb") as file:
    file.readline()
    message = email.message_from_binary_file(file, policy=email.policy.default)
print(message["Subject"])
print(message.get_content() if not message.is_multipart() else message.get_body().get_content())
PYTHON
has "its subject is spelt right" "$(printf 'tux01/caf\303\251')" decoded
has "so is its text" "$(printf '  caf\303\251')" decoded
has "a dot alone ends nothing" "  From me" decoded
has "and nothing is taken for a command" '  ~!sh' decoded

# --- whatever is in a text arrives, and nothing of it is obeyed by mailer or server
cat > whole.scm << END
(use-modules (sheepdog effect) (ice-9 textual-ports))
(define text (call-with-input-file "whole" get-string-all #:encoding "UTF-8"))
(run-now (send-mail #:mailer "sendmail://$work/sendmail" #:from "sheepdog@example.org"
                    #:to "admin@example.org" #:subject (make-string 3000 #\\x) #:text text
                    #:id "<whole@example.org>" #:time 1795335303000))
END
"$python" - > whole << 'PYTHON'
import sys
text = ".\n..\nFrom me\n>From me\n~!touch obeyed\n.\r\nQUIT\r\n" + "x" * 75 + ".\n" + "x" * 75 + "From me\n"
text += "NUL \0 ESC \x1b[2J tab\t blank at the end \ncaf\xe9 \u20ac \U0001f415\n" + "y" * 1000000 + "\nend\n"
sys.stdout.buffer.write(text.encode())
PYTHON
check "a text with all that is strange is sent" sheepdog-guile whole.scm
"$python" - > differs << 'PYTHON'
import email, email.policy
with open("mails/009", "rb") as file:
    raw = file.read().split(b"\n", 1)[1]
print("longest line", max(map(len, raw.split(b"\r\n"))) <= 998, "8-bit", any(byte > 126 for byte in raw))
message = email.message_from_bytes(raw, policy=email.policy.default)
got = message.get_payload(decode=True).decode().replace("\r\n", "\n")
with open("whole", newline="") as file:
    print("text", got == file.read(), "subject", message["Subject"] == "x" * 3000)
PYTHON
same "in short lines of ASCII" "longest line True 8-bit False" "$(sed -n 1p differs)"
same "and is the same afterwards" "text True subject True" "$(sed -n 2p differs)"
check "nothing of it was obeyed" test ! -e obeyed
finish
