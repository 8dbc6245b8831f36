// smtp.cc -- libcurl speaks SMTP and TLS; we follow the talk, to tell a mail's fault from a server's.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "smtp.hh"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sysexits.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "text.hh"

namespace sheepdog {
namespace {

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Cleanup>;
using List = std::unique_ptr<curl_slist, Cleanup>;

/// The lines that went to and fro: the last of the server's, and the last command of ours; of
/// taking leave nothing.
struct Talk {
  std::string said, asked;
  bool over = false;
  bool about_mail = false;  // MAIL was sent: what is refused now is this mail, not us
};

/// The first word of `line`: those behind AUTH are secrets.
std::string command_of(std::string_view line) {
  return std::string{line.substr(0, line.find_first_of(" \r\n"))};
}

std::string without_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return std::string{line};
}

bool is_command(const std::string& word) {
  constexpr std::array words{"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

int follow(CURL*, curl_infotype type, char* data, std::size_t size, void* talk_pointer) {
  auto& talk = *static_cast<Talk*>(talk_pointer);
  const std::string_view line{data, size};
  if (talk.over) return 0;
  if (type == CURLINFO_HEADER_IN) {
    talk.said = without_end(line);
  } else if (type == CURLINFO_HEADER_OUT) {
    const auto word = command_of(line);
    talk.over = word == "QUIT";
    if (!is_command(word)) return 0;  // an answer within AUTH
    talk.asked = word;
    talk.about_mail = talk.about_mail || word == "MAIL";
  }
  return 0;
}

/// `text` as it crosses the wire: each line ends with CR LF, the last one too.
std::string with_crlf(std::string_view text) {
  std::string wire;
  wire.reserve(text.size() + text.size() / 32 + 2);
  for (const char c : text) {
    if (c == '\n' && !wire.ends_with('\r')) wire += '\r';
    wire += c;
  }
  if (!wire.ends_with("\r\n")) wire += "\r\n";
  return wire;
}

struct Upload {
  std::string_view rest;
};

std::size_t feed(char* buffer, std::size_t size, std::size_t count, void* upload_pointer) {
  auto& rest = static_cast<Upload*>(upload_pointer)->rest;
  const auto n = std::min(size * count, rest.size());
  std::memcpy(buffer, rest.data(), n);
  rest.remove_prefix(n);
  return n;
}

std::string url_of(const SmtpRoute& route) {
  const bool address6 = route.host.find(':') != route.host.npos;
  const bool tls = route.security == SmtpRoute::Security::tls;
  const int usual = tls ? 465 : route.security == SmtpRoute::Security::starttls ? 587 : 25;
  return fmt::format("{}://{}{}{}:{}", tls ? "smtps" : "smtp", address6 ? "[" : "", route.host,
                     address6 ? "]" : "", route.port ? route.port : usual);
}

std::string doing(const Talk& talk) {
  if (talk.asked.empty()) return talk.said.empty() ? "connecting" : "the greeting";
  return talk.asked == "EHLO" || talk.asked == "HELO" ? "the greeting" : talk.asked;
}

int status_of(CURLcode code, long response, const Talk& talk) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return EX_TEMPFAIL;
    case CURLE_COULDNT_RESOLVE_HOST: return EX_NOHOST;
    case CURLE_LOGIN_DENIED: return response / 100 == 4 ? EX_TEMPFAIL : EX_NOPERM;
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return EX_PROTOCOL;
    default: break;
  }
  if (response / 100 == 4) return EX_TEMPFAIL;
  if (response == 530) return EX_NOPERM;  // it wants a log-in, or TLS (RFC 4954 6, RFC 3207 4)
  if (response / 100 == 5) return talk.about_mail ? EX_DATAERR : EX_UNAVAILABLE;
  return response == 0 ? EX_UNAVAILABLE : EX_TEMPFAIL;
}

/// What the server's last line says, if it is a refusal; else what libcurl says.
std::string reason(CURLcode code, long response, const Talk& talk, const char* details) {
  if (code == CURLE_OPERATION_TIMEDOUT) return fmt::format("timed out: {}", doing(talk));
  if (code != CURLE_USE_SSL_FAILED && response >= 400)
    return fmt::format("{}: {}", doing(talk), printable(talk.said));
  return *details ? printable(details) : curl_easy_strerror(code);
}

List recipients_of(const SmtpMail& mail) {
  List list;
  for (const auto& recipient : mail.recipients)
    if (auto* longer = curl_slist_append(list.get(), ('<' + recipient + '>').c_str())) {
      static_cast<void>(list.release());
      list.reset(longer);
    }
  return list;
}

void set_security(CURL* curl, const SmtpRoute& route) {
  const bool required = route.security == SmtpRoute::Security::starttls;
  curl_easy_setopt(curl, CURLOPT_USE_SSL, long{required ? CURLUSESSL_ALL : CURLUSESSL_NONE});
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!route.authorities.empty())
    curl_easy_setopt(curl, CURLOPT_CAINFO, route.authorities.c_str());
}

}  // namespace

SmtpEnding send_mail(const SmtpRoute& route, const SmtpMail& mail) {
  const Handle handle{curl_easy_init()};
  CURL* curl = handle.get();
  if (!curl) return {EX_OSERR, "cannot start libcurl"};
  const auto url = url_of(route), sender = '<' + mail.sender + '>', wire = with_crlf(mail.text);
  const List recipients = recipients_of(mail);
  Talk talk;
  Upload upload{wire};
  std::array<char, CURL_ERROR_SIZE> details{};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // whatever the environment says about the web
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(route.limit.count() * 1000));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, details.data());
  curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);  // all of it goes to `follow`
  curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, follow);
  curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &talk);
  set_security(curl, route);
  if (!route.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, route.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, route.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, feed);
  curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return {};
  long response = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response);
  return {status_of(code, response, talk),
          fmt::format("{}: {}", url, reason(code, response, talk, details.data()))};
}

}  // namespace sheepdog
