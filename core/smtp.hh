// smtp.hh -- one mail to an SMTP server: encrypted, logged in, and what came of it as sysexits(3).
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "seconds.hh"

namespace sheepdog {

/// The way to a server.
struct SmtpRoute {
  enum class Security {
    none,
    starttls,  // required: a server that does not offer it gets neither password nor mail
    tls        // from the first byte on
  } security = Security::none;
  std::string host;  // a name, or an address; IPv6 without brackets
  int port = 0;      // 0: the usual one, 25, 587 or 465
  std::string user, password;  // "": no log-in
  std::string authorities;     // file of certificates (PEM) that are believed; "": the system's
  Seconds limit{55};           // for all of it
};

struct SmtpMail {
  std::string sender;
  std::vector<std::string> recipients;
  std::string text;  // headers, an empty line, the body; lines end with LF
};

/// What came of it. `status` is of sysexits.h: EX_OK; EX_DATAERR for a 5xx about the mail itself;
/// all else may be mended, or pass: EX_TEMPFAIL (4xx, time-out), EX_UNAVAILABLE, EX_NOHOST,
/// EX_NOPERM (the log-in), EX_PROTOCOL (TLS and whatever is no SMTP).
struct SmtpEnding {
  int status = 0;
  std::string words;  // "" when all is well: what was tried, and what the server said
};

SmtpEnding send_mail(const SmtpRoute& route, const SmtpMail& mail);

}  // namespace sheepdog
