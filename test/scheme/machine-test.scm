;;; machine-test.scm -- what a machine is, where its files and tools are odd
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog machine)
             (sheepdog sampling)
             (sheepdog test))

(run-tests "machine"
  (with-temporary-directory (root)
    (define (in path) (string-append root path))
    (define (write! . files) (write-tree! root files))

    (test-raises "a system without a name" 'cannot-watch "no os-release" (machine-os root))
    (write! '("usr/lib/os-release" . "# a comment\nID='guix'\n\nnonsense\n")
            '("etc/debian_version" . "trixie/sid\n"))
    (test-equal "one that has no release" '(("guix" "")) (machine-os root))
    (write! '("etc/os-release" . "ID=debian\nVERSION_ID=\"13\"\n"))
    (test-equal "Debian before its release" '(("debian" "13")) (machine-os root))

    (write! '("proc/cpuinfo" . "Processor : ARMv7\nprocessor\t: 0\n") '("proc/meminfo" . "MemFree: 7 kB\n"))
    (test-equal "a processor that is called otherwise" '(("ARMv7" 1)) (machine-cpu (in "/proc")))
    (test-raises "memory that is not told" 'cannot-watch
                 (string-append "no MemTotal in " root "/proc/meminfo")
                 (machine-ram (in "/proc")))

    (write! '("sys/block/sr0/device/model" . "DVD") '("sys/block/sr0/size" . "0\n")
            '("sys/block/vda/device/x" . "") '("sys/block/vda/size" . "2048000\n"))
    (test-equal "an empty drive is no disk; a disk may have no model" '(("vda" "" 1000))
      (machine-disks (in "/sys")))
    (test-equal "no block devices at all" '() (machine-disks (in "/none")))

    (write! '("etc/passwd" . "root:x:0:0::/:/bin/sh\n+::::::\nodd\nida:x:1000:1000::/:\nnobody:x:65534:1::/:\n"))
    (test-equal "lines that are none of a user" '(("root" 0) ("ida" 1000)) (machine-users root)))

  (test-equal "JSON of another shape has no addresses" '(() () () (("192.0.2.7" "eth0")))
    (map machine-addresses
         '(() #(1 "a" #()) #(((ifname . "eth0") (addr_info . 7)))
           #(((ifname . "eth0") (addr_info . #(1 ((scope . "global") (local . "192.0.2.7"))))))))))
