;;; inventory-test.scm -- the monitor inventory: a machine of the test's own, told whole, then in parts
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog sampling)
             (sheepdog test)
             (ice-9 match))

(define %now 1795335303000)
(define %hour 3600000)

(define (package name version)
  (string-append "Package: " name "\nStatus: install ok installed\nMaintainer: Ida <ida@x>\n"
                 "Architecture: amd64\nVersion: " version "\nDescription: D.\n\n"))

(define %ip "[{\"ifname\":\"lo\",\"addr_info\":[{\"local\":\"127.0.0.1\",\"scope\":\"host\"}]},
 {\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"192.0.2.7\",\"scope\":\"global\"},
 {\"local\":\"2001:db8::7\",\"scope\":\"global\"}]}]")

(define (process start)
  (string-append "17 (nginx) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 " (number->string start)
                 " 1000 256 1844 1 1 0 0 0 0 0\n"))

(define (unit name active)
  (string-append "Id=" name ".service\nLoadState=loaded\nActiveState=" active
                 "\nSubState=x\nResult=success\nNRestarts=0\nMainPID="
                 (if (string=? active "active") "17" "0") "\nInvocationID=1\n"))

(run-tests "inventory"
  (with-temporary-directory (root)
    (define (write! . files) (write-tree! root files))
    (define (packages . texts)
      (write! (cons "var/lib/dpkg/status" (string-concatenate texts))))
    (define (runs! program)
      (false-if-exception (delete-file (string-append root "/proc/17/exe")))
      (write! (cons "proc/17/exe" (list 'link program))))
    (define options `((root . ,root) (proc . ,(string-append root "/proc"))
                      (sys . ,(string-append root "/sys"))))
    (define monitor (load-monitor "inventory"))
    ;; The real dpkg-query of a machine that has it, over a database of the test's own.
    (define programs
      `(("dpkg-query"
         . (run "case \"$*\" in
*--search*) echo 'nginx: /usr/sbin/nginx' ;;
*) name=; while read -r key value; do case $key in
     Package:) name=$value ;;
     Version:) echo \"installed $name $value\" ;;
   esac; done < \"${1#--admindir=}/status\"
   echo counted >> \"${1#--admindir=}/calls\" ;;
esac"))
        ("ip" . ,%ip)
        ("systemctl" . (run ,(string-append "exec /bin/cat " root "/units")))))
    (define memory '())
    (define (told time)
      "Return (FACTS REPLACES GONE) of each report of a sample at TIME, ms after the first."
      (with-programs programs
        (call-with-values
            (lambda () (call-sample monitor options #:memory memory #:now (+ %now time)))
          (lambda (reports after)
            (set! memory after)
            (map (lambda (report)
                   (list (report-facts report) (report-replaces report)
                         (assq-ref (report-fields report) 'gone)))
                 reports)))))

    (write! '("etc/os-release" . "NAME=\"Debian\"\nVERSION_ID=\"12\"\nID=debian\n")
            '("etc/debian_version" . "12.8\n")
            '("etc/passwd" . "root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/false\nida:x:1000:1000::/:/bin/sh\n")
            '("proc/sys/kernel/osrelease" . "6.1.0-28-amd64\n")
            '("proc/cpuinfo" . "processor\t: 0\nmodel name\t: Sheep 9\nprocessor\t: 1\nmodel name\t: Sheep 9\n")
            '("proc/meminfo" . "MemTotal:        4194304 kB\n")
            `("proc/17/stat" . ,(process 100))
            '("proc/17/cmdline" . "nginx: master")
            '("sys/block/sda/device/model" . "Spinner 4T  \n")
            '("sys/block/sda/size" . "4096000\n")
            '("sys/block/loop0/size" . "8\n")
            '("run/systemd/system/x" . "")
            `("units" . ,(string-append (unit "nginx" "active") "\n" (unit "apt-daily" "inactive"))))
    (packages (package "bash" "5.2.15") (package "nginx" "1.22.1"))
    (runs! "/usr/sbin/nginx")

    (test-equal "the first time all is told, as the whole truth"
      '(((("os" "debian" "12.8") ("kernel" "6.1.0-28-amd64") ("cpu" "Sheep 9" 2) ("ram" 4096)
          ("disk" "sda" "Spinner 4T" 2000)
          ("address" "192.0.2.7" "eth0") ("address" "2001:db8::7" "eth0")
          ("user" "root" 0) ("user" "ida" 1000)
          ("package" "bash" "5.2.15") ("package" "nginx" "1.22.1")
          ("service" "nginx" "systemd") ("running" "nginx" "1.22.1"))
         ("os" "kernel" "cpu" "ram" "disk" "address" "user" "package" "service" "running")
         #f))
      (told 0))
    (test-equal "what is as it was is not told again, and not read" '(() "counted\n")
      (list (told 600000)
            (call-with-input-file (string-append root "/var/lib/dpkg/calls")
              (@ (ice-9 textual-ports) get-string-all))))
    (packages (package "bash" "5.2.15") (package "nginx" "1.22.9") (package "new" "1"))
    (runs! "/usr/sbin/nginx (deleted)")
    (test-equal "a package that is upgraded, and one that is new; what runs is still the old one"
      '(((("package" "new" "1") ("package" "nginx" "1.22.9")) () #f))
      (map (match-lambda
             ((facts replaces gone)
              (list (sort facts (lambda (a b) (string<? (cadr a) (cadr b)))) replaces gone)))
           (told 1200000)))
    (write! `("proc/17/stat" . ,(process 900)))
    (runs! "/usr/sbin/nginx")
    (packages (package "nginx" "1.22.9") (package "new" "1"))
    (test-equal "one that is removed; and the service was started anew"
      '(((("running" "nginx" "1.22.9")) () #(#("package" "bash" "5.2.15"))))
      (told 1800000))
    (delete-file (string-append root "/etc/passwd"))
    (test-equal "what cannot be told for once is as it was" '() (told 2400000))
    (test-equal "once a day all is told" 10 (length (cadr (car (told (* 25 %hour))))))

    (test-equal "a program in a store has its version in its name" '(((("running" "nginx" "1.27.1")) () #f))
      (begin
        (write! `("proc/17/stat" . ,(process 990)))
        (runs! "/gnu/store/0123456789abcdfghijklmnpqrsvwxyz-nginx-1.27.1/sbin/nginx")
        (told (* 26 %hour)))))

  (test-equal "what is gone ends"
    '((store (not ("package" "tux01" "bash" "5.2.15"))) (store (not ("ram" "tux01" 4096))))
    (received "inventory" "inventory"
              '((gone . #(#("package" "bash" "5.2.15") #("ram" 4096))))))
  (test-equal "mostly nothing is" '() (received "inventory" "inventory" '())))
