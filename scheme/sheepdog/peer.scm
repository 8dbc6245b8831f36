;;; peer.scm -- a conversation with a server, in bounded time
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog peer)
  #:use-module (sheepdog core)
  #:use-module (sheepdog probe)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-9)
  #:export (call-peer peer-say peer-text))

(define %patience 10000)                          ;ms, for one conversation

(define-record-type <peer>
  (make-peer socket deadline)
  peer?
  (socket peer-socket)
  (deadline peer-deadline))                       ;monotonic ms

(define (wait-for peer readable?)
  "Wait till PEER can be read, or else written, or its time is over; return whether it can."
  (let* ((ms (- (peer-deadline peer) (%monotonic)))
         (us (max 0 (* 1000 ms)))
         (sockets (list (peer-socket peer)))
         (ready (catch 'system-error
                  (lambda ()
                    (if readable?
                        (select sockets '() '() (quotient us 1000000) (remainder us 1000000))
                        (select '() sockets '() (quotient us 1000000) (remainder us 1000000))))
                  (lambda arguments
                    (if (= EINTR (system-error-errno arguments))
                        #f
                        (apply throw arguments))))))
    (cond ((not ready) (wait-for peer readable?))
          ((equal? ready '(() () ())) #f)
          (else #t))))

(define (refuse errno)
  (throw 'refused (strerror errno)))

(define (connect! peer address)
  "Connect PEER to ADDRESS, or throw `refused' with the reason."
  (catch 'system-error
    (lambda () (connect (peer-socket peer) address))
    (lambda arguments
      (let ((errno (system-error-errno arguments)))
        (unless (= errno EINPROGRESS) (refuse errno)))))
  (unless (wait-for peer #f) (refuse ETIMEDOUT))
  (let ((errno (getsockopt (peer-socket peer) SOL_SOCKET SO_ERROR)))
    (unless (zero? errno) (refuse errno))))

(define (addresses host port)
  "Return the socket addresses of PORT at HOST; of the Unix socket HOST if PORT is #f."
  (if port
      (catch 'getaddrinfo-error
        (lambda ()
          (map addrinfo:addr
               (getaddrinfo host (number->string port) AI_NUMERICSERV 0 SOCK_STREAM)))
        (lambda (key code) (throw 'refused (gai-strerror code))))
      (list (make-socket-address AF_UNIX host))))

(define (call-with-socket address deadline proc)
  (let* ((family (sockaddr:fam address))
         (socket (socket family (logior SOCK_STREAM SOCK_NONBLOCK SOCK_CLOEXEC) 0)))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let ((peer (make-peer socket deadline)))
          (connect! peer address)
          (proc peer)))
      (lambda () (close-port socket)))))

(define* (call-peer host port proc #:key (limit %patience))
  "Connect to PORT at HOST, or to the Unix socket HOST if PORT is #f, and call PROC with the peer.
Return (SECONDS RESULT): how long both took, and what PROC returned; or (refused WHY).  It all takes
LIMIT ms at most, a name server that does not answer apart."
  (let* ((begun (%monotonic))
         (deadline (+ begun (time-left limit))))
    (catch 'refused
      (lambda ()
        (let try ((addresses (addresses host port)))
          (match addresses
            ((address) (let ((result (call-with-socket address deadline proc)))
                         (list (/ (- (%monotonic) begun) 1000.0) result)))
            ((address . rest)                     ;as `::1' where only 127.0.0.1 is listened at
             (match (catch 'refused
                      (lambda ()
                        (list (call-with-socket address deadline proc)))
                      (const #f))
               ((result) (list (/ (- (%monotonic) begun) 1000.0) result))
               (#f (try rest)))))))
      (lambda (key why) (list 'refused why)))))

(define (peer-say peer text)
  "Send TEXT to PEER."
  (let more ((bytes (string->utf8 text)))
    (unless (zero? (bytevector-length bytes))
      (unless (wait-for peer #f) (refuse ETIMEDOUT))
      (let* ((count (catch 'system-error
                      (lambda () (send-bytes peer bytes))
                      (lambda arguments (refuse (system-error-errno arguments)))))
             (rest (make-bytevector (- (bytevector-length bytes) count))))
        (bytevector-copy! bytes count rest 0 (bytevector-length rest))
        (more rest)))))

(define (send-bytes peer bytes)
  (send (peer-socket peer) bytes MSG_DONTWAIT))

(define* (peer-text peer done? #:key (most 1048576))
  "Return what PEER says, as text: till (DONE? TEXT) is true, it closes, has said MOST bytes, or the
time is over."
  (let ((buffer (make-bytevector 4096)))
    (let loop ((text ""))
      (if (or (done? text)
              (> (string-length text) most)
              (not (wait-for peer #t)))
          text
          (match (catch 'system-error
                   (lambda () (recv! (peer-socket peer) buffer))
                   (const 0))
            (0 text)
            (count
             (let ((bytes (make-bytevector count)))
               (bytevector-copy! buffer 0 bytes 0 count)
               (loop (string-append text (car (%repair bytes)))))))))))
