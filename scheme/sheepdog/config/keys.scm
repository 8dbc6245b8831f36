;;; keys.scm -- the table of all that a configuration may say
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The check, `sheepdog config keys' and the manual are made of this table.  What is marked
;; `#:later? #t' is checked whole, but this version does nothing with it.

(define-module (sheepdog config keys)
  #:use-module (sheepdog config spec)
  #:use-module (srfi srfi-1)
  #:export (keys
            find-key
            key-names
            watch-options))

(define option spec)

;; Options that several keys share.
(define password
  (option 'password '(text) "The password itself; only in a file that nobody else can read."))
(define zone
  (option 'zone '(zone) "The time zone meant, else ours."))
(define (during sentence)
  (option 'during '(window) sentence))
(define (recipients sentence)
  (option 'to '(destination *) sentence))
(define cron
  (option 'cron '(cron) "At these times, five fields as in a crontab."))

(define %queue
  (list
   (spec 'host '(host)
         "The host of the Redis that is the queue; redis://HOST:PORT."
         #:who "CDS")
   (spec 'port '(port)
         "Its port (6379), of localhost when there is no host."
         #:who "CDS")
   (spec 'redis '()
         "The same as host and port, in one entry."
         #:who "CDS"
         #:hint "such as (redis (host \"localhost\") (port 7777)), or (queue \"redis://...\")"
         #:options (list (option 'host '(host) "The host." #:default '("localhost"))
                         (option 'port '(port) "The port." #:default '(6379))
                         password))
   (spec 'queue '(queue)
         "Where messages go; of several the first that answers."
         #:who "CDS" #:repeats? #t
         #:options
         (list (option 'channel '(name) "The beginning of the names in Redis."
                       #:default '(sheepdog))
               (option 'timeout '(duration) "How long to wait for an answer."
                       #:default '("2s"))
               (option 'user '(word) "The user of Redis.")
               (option 'password-file '(password-file) "A file with the password.")
               (option 'password-command '(program word *)
                       "A program that prints the password.")
               password))))

(define %client
  (list
   (spec 'spool '(file ?)
         "The directory where messages wait for the queue."
         #:who "CD"
         #:options
         (list (option 'max-size '(size) "Its size at most; then the least important go."
                       #:default '("64MiB"))
               (option 'max-messages '((integer 1)) "How many messages at most."
                       #:default '(100000))
               (option 'resend '(duration) "Send again what the server has not committed by then."
                       #:default '("10m"))))
   (spec 'capture '()
         "What is kept of stdout and of stderr."
         #:who "CD"
         #:options (list (option 'head '(size) "Of the beginning." #:default '("16KiB"))
                         (option 'tail '(size) "Of the end." #:default '("80KiB"))))
   (spec 'redact '(regex-or-none +)
         "What becomes *** in commands and output before it is kept; none: not even passwords."
         #:who "CD" #:repeats? #t)
   (spec 'monitor '(monitor)
         "Who judges a finished command."
         #:who "C" #:default '(error))
   (spec 'always '(yes-no)
         "Send success too."
         #:who "C" #:default '(no))
   (spec 'quiet '(yes-no)
         "Show the output of a command only if it fails."
         #:who "C" #:default '(no))
   (spec 'lock '(how-long-to-wait)
         "One run of a tag at a time; wait for the other as long as this."
         #:who "C" #:default '(no))
   (spec 'timeout '(duration)
         "End a command that runs longer."
         #:who "C")
   (spec 'ok-status '(status +)
         "Exit statuses that are no failure."
         #:who "C")
   (spec 'warn-status '(status +)
         "Exit statuses that are a soft failure."
         #:who "C")
   (spec 'fail-pattern '(regex +)
         "Output that means failure."
         #:who "C")
   (spec 'warn-pattern '(regex +)
         "Output that means a warning."
         #:who "C")
   (spec 'need-pattern '(regex +)
         "Output without which it is a failure."
         #:who "C")
   (spec 'not-quicker '(duration)
         "A success sooner than this is a warning."
         #:who "C")
   (spec 'start '(yes-no)
         "Send a message when a command starts, too."
         #:who "C" #:default '(no))))

(define watch-options                             ;of every watch, beside its monitor's own
  (list (option 'every '(duration) "How often; else as its monitor says.")
        (option 'timeout '(duration) "How long one sample may take.")
        (option 'tag '(tag) "The tag, in place of the monitor's.")
        (option 'during '(window) "Only inside this window.")
        (option 'command '(program word *) "A program in any language, in place of a monitor.")
        (option 'nagios '(word +) "A Nagios plugin, in place of a monitor.")))

(define %machine
  (list
   (spec 'watch '(name)
         "Watch one thing; standard: disk memory load service inventory; none: nothing."
         #:who "D" #:repeats? #t #:default '(standard)
         #:options watch-options)
   (spec 'every '(duration)
         "How often all watches sample; else as their monitors say, programs every 5 minutes."
         #:who "D")
   (spec 'jitter '(percentage)
         "By how much samples are spread."
         #:who "D" #:default '("10%"))
   (spec 'heartbeat '(duration-or-no)
         "How often to send PING; no: not at all."
         #:who "D" #:default '("5m"))
   (spec 'job '(name)
         "What an order may have done here."
         #:who "D" #:repeats? #t #:unique #t #:later? #t #:needs '((run))
         #:options
         (list (option 'run '(absolute-path run-word *)
                       "The program; a symbol stands for the argument of that name.")
               (option 'arg '(name argument-type)
                       "An argument and what it may be."
                       #:repeats? #t
                       #:options (list (option 'not '(text +) "What it may not be.")))
               (option 'user '(word) "Who runs it.")
               (option 'timeout '(duration) "How long it may run." #:default '("1m"))
               (option 'limit '((integer 1) duration) "How often at most."
                       #:default '(10 "1m"))
               (option 'privileged '(yes-no) "May it gain privileges?" #:default '(no))
               (option 'again '(yes-no) "May it be repeated when its outcome is unknown?"
                       #:default '(no))))
   (spec 'trust '(name signing-key)
         "Whose orders are obeyed."
         #:who "D" #:repeats? #t #:unique #t #:later? #t #:needs '((may))
         #:options (list (option 'may '(job +) "The jobs that may be ordered.")))
   (spec 'orders '()
         "How long an order may live."
         #:who "D" #:later? #t
         #:options (list (option 'max-life '(duration) "From issue to expiry."
                                 #:default '("5m"))
                         (option 'skew '(duration) "How far clocks may differ."
                                 #:default '("60s"))))
   (spec 'key '(file)
         "The file of the secret key; whoever has one signs."
         #:who "CDS" #:later? #t)
   (spec 'accept '(machine signing-key)
         "Messages of this host must bear this key."
         #:who "S" #:repeats? #t #:unique #t #:later? #t)
   (spec 'require-signature '(yes-no)
         "Keep unsigned messages of any host aside."
         #:who "S" #:later? #t #:default '(no))))

(define %mail
  (list
   (spec 'mailto '(mail *)
         "Where notifications go; of a client: a wish, heeded where notify says (to sender)."
         #:who "CS")
   (spec 'mailfrom '(one-mail)
         "The sender of mail."
         #:who "S")
   (spec 'mailer '(mailer)
         "How mail is sent: sendmail:///PROGRAM, smtp://, smtps:// or smtp+starttls://."
         #:who "S" #:default '("sendmail:///usr/sbin/sendmail")
         #:options (list (option 'password-file '(password-file) "A file with the password.")
                         (option 'ca-file '(file-here)
                                 "The certificates that it believes; else the system's.")))
   (spec 'mailer-uri '(mailer)
         "The same as mailer."
         #:who "S")))

(define %server
  (list
   (spec 'database '(file)
         "The file of facts, messages and states."
         #:who "S"
         #:options
         (list (option 'max-size '(size) "Its size at most." #:default '("8GiB"))
               (option 'keep '() "How long things are kept; facts and interruptions stay."
                       #:options (list (option 'messages '(duration) "Messages."
                                               #:default '("400d"))
                                       (option 'output '(duration) "Output of commands."
                                               #:default '("60d"))))))
   (spec 'notify '()
         "Who is told of what; the first entry that fits a subject counts."
         #:who "S" #:repeats? #t
         #:options
         (list (option 'subject '(pattern +) "The subjects meant; else all.")
               (recipients "Who is told; else mailto, without one log.")
               (option 'on '(state +) "Of which states."
                       #:default '(fail late unknown recovery))
               (option 'after '((integer 1) (integer 1 60) ?)
                       "After how many bad results in a row; of how many, if two are given."
                       #:default '(1))
               (option 'ok-after '((integer 1 60))
                       "After how many good results it is over."
                       #:default '(1))
               (option 'for '(duration)
                       "How long it must be bad."
                       #:default '("0s"))
               (option 'repeat '(never-or-duration)
                       "How often to remind."
                       #:default '(never))
               (during "Only inside this window.")
               (option 'digest '(digest-time)
                       "Tell at this time instead, all in one.")
               (option 'report '(digest-time)
                       "Tell at this time besides, all in one."
                       #:options (list (option 'to '(known-destination *) "Whom.")))
               (option 'zone '(zone) "The time zone of digest and report.")
               (option 'group '(duration duration)
                       "Wait this long for more to tell; mail at most so often."
                       #:default '("30s" "5m"))
               (option 'limit '((integer 1) duration)
                       "So many mails at most, then a summary."
                       #:default '(20 "1h"))
               (option 'flap '((integer 2 100) duration)
                       "So many changes in this time are flapping."
                       #:default '(5 "1h"))))
   (spec 'escalate '(pattern)
         "Who else is told, once, of what lasts."
         #:who "S" #:repeats? #t #:needs '((after) (to))
         #:options (list (option 'after '(duration) "How long it must be bad.")
                         (recipients "Whom.")))
   (spec 'depends '(pattern)
         "Nobody is told of these while all of those are down."
         #:who "S" #:repeats? #t #:needs '((on))
         #:options (list (option 'on '(subject +) "Those.")))
   (spec 'silence '(pattern)
         "Stored and shown, not told."
         #:who "S" #:repeats? #t #:needs '((until during))
         #:options (list (option 'until '(time) "Until then.")
                         (during "Inside this window.")
                         (option 'reason '(text) "Why.")))
   (spec 'window '(name)
         "A part of the week, by name."
         #:who "DS" #:repeats? #t #:unique #t #:needs '((any days time except))
         #:options (list (option 'days '(days +) "The weekdays.")
                         (option 'time '(span) "The hours; the end is outside.")
                         zone
                         (option 'except '(date +) "Days that are not of it.")))
   (spec 'expect '(pattern +)
         "A success of each of these subjects every so often."
         #:who "S" #:repeats? #t #:needs '((every cron))
         #:options
         (list (option 'every '(duration) "How often.")
               cron
               zone
               (option 'grace '(duration)
                       "How much later is not late; else as every, 1h at most.")
               (option 'start-within '(duration) "How soon it must have begun.")
               (option 'finish-within '(duration) "How long it may run.")
               (option 'at-most '((integer 1) duration) "More often is a warning.")
               (option 'not-quicker '(duration) "A success sooner than this is a warning.")
               (option 'during '(window) "Only inside this window.")
               (option 'by '((one-of success any)) "What satisfies it." #:default '(success))))
   (spec 'diary '(name)
         "Something to be remembered of at a date."
         #:who "S" #:repeats? #t #:unique #t #:needs '((on cron) (text))
         #:options (list (option 'on '(appointment) "When.")
                         cron
                         (option 'text '(text) "What is told.")
                         (option 'remind '(duration +) "How long before, too.")
                         (option 'to '(known-destination +)
                                 "Whom, else those whom notify names.")))
   (spec 'reactions '((one-of no dry-run yes))
         "Whether the orders that receivers return are sent."
         #:who "S" #:later? #t #:default '(dry-run))
   (spec 'never-block '(network +)
         "Networks that no order may name."
         #:who "S" #:repeats? #t #:later? #t)
   (spec 'schedule '(name)
         "An order by the clock."
         #:who "S" #:repeats? #t #:unique #t #:later? #t #:needs '((cron) (order))
         #:options (list cron
                         (option 'order '(machine name word *) "Host, job and its arguments.")
                         (option 'missed '((one-of skip once all))
                                 "What becomes of those that were missed."
                                 #:default '(once))
                         (option 'stale '(duration) "How late it still makes sense.")))
   (spec 'question '(name text any)
         "A question by name, for ask --saved: (question NAME \"SENTENCE\" ((?host) GOAL ...))."
         #:who "S" #:repeats? #t #:unique #t
         #:options (list (option 'alert '((one-of any none) (one-of fail warn unknown) ?)
                                 "Ask by itself: each answer is a subject that fails; or fail without any.")))
   (spec 'logic '(logic-form +)
         "Relations of one's own, (define-state ...) and (define-event ...), and rules, (define-relation ...)."
         #:who "S" #:repeats? #t)
   (spec 'receiver '(every-monitor)
         "A program that receives the messages of a monitor too; \"*\": of all."
         #:who "S" #:repeats? #t #:needs '((exec))
         #:options (list (option 'exec '(program word *) "The program.")
                         (option 'timeout '(duration) "How long it may take."
                                 #:default '("10s"))))
   (spec 'inbox '(word +)
         "More Redis lists to read, such as the ancestor's."
         #:who "S")))

(define %house
  (list
   (spec 'version '((integer 0))
         "The version of this format."
         #:who "CDS" #:default '(0))
   (spec 'include '(file +)
         "Read these files too, named from the place of this one."
         #:who "CDS" #:repeats? #t)
   (spec 'name '(machine)
         "The host in our messages; else the host name up to its dot."
         #:who "CD")
   (spec 'label '(text text ?)
         "A fact about this machine: (label \"rack\" \"B2\")."
         #:who "D" #:repeats? #t)
   (spec 'repl '(socket)
         "A REPL on a Unix socket that only its user can open."
         #:who "CDS" #:default '(no))
   (spec 'log '(log-place)
         "Where the programs tell what they do; else stderr in a terminal or journal, or syslog."
         #:who "CDS"
         #:options (list (option 'level '((one-of error warning notice info debug))
                                 "What is told at most." #:default '(notice))))
   (spec 'user '(word)
         "Who a daemon becomes when root starts it."
         #:who "DS")
   (spec 'pid-file '(file)
         "Where a daemon writes its process id."
         #:who "CDS")
   (spec 'monitor-path '(file +)
         "Directories where monitors are sought first."
         #:who "CDS")
   (spec 'handler-path '(file +)
         "Directories where handlers are sought first."
         #:who "CDS")
   (spec 'webhook '(name url)
         "A URL that is told, by name."
         #:who "S" #:repeats? #t #:unique #t #:later? #t
         #:options (list (option 'format '((one-of json ntfy slack alertmanager))
                                 "What is posted." #:default '(json))))
   (spec 'web '()
         "A web server for pings and metrics."
         #:who "S" #:later? #t
         #:options (list (option 'listen '(listen) "Where." #:default '("127.0.0.1:8091"))
                         (option 'ping-keys '(file) "Lines of KEY HOST.")
                         (option 'create '(yes-no) "May a ping make a subject?" #:default '(no))
                         (option 'metrics '(yes-no) "Serve /metrics?" #:default '(no))))
   (spec 'page '(file)
         "Write the herd report to this file."
         #:who "S" #:later? #t
         #:options (list (option 'every '(duration) "How often." #:default '("1m"))))))

(define keys (append %house %queue %client %machine %mail %server))

(define (find-key name)
  "Return the <spec> of the key NAME (a symbol), or #f."
  (find (lambda (key) (eq? name (spec-name key))) keys))

(define (key-names)
  (map (lambda (key) (symbol->string (spec-name key))) keys))
