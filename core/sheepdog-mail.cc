// sheepdog-mail.cc -- give the mail on standard input to an SMTP server; ends like sendmail(1).
// SPDX-License-Identifier: GPL-3.0-or-later
#include <argp.h>
#include <sysexits.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>

#include "error.hh"
#include "log.hh"
#include "prepare.hh"
#include "secret.hh"
#include "smtp.hh"
#include "version.hh"

namespace {

using namespace sheepdog;

struct Options {
  SmtpRoute route;
  std::string password_file;
  SmtpMail mail;
};

enum Key { host_key = 256, port_key, from_key, user_key, starttls_key, tls_key, password_file_key, ca_file_key, timeout_key };

const argp_option table[] = {
    {"host", host_key, "HOST", 0, "The server", 0},
    {"port", port_key, "PORT", 0, "Its port (25; 587 with --starttls, 465 with --tls)", 0},
    {"starttls", starttls_key, nullptr, 0, "Nothing without STARTTLS", 0},
    {"tls", tls_key, nullptr, 0, "TLS from the first byte on", 0},
    {"ca-file", ca_file_key, "FILE", 0, "Believe the certificates in FILE, not the system's", 0},
    {"user", user_key, "USER", 0, "Log in as USER", 0},
    {"password-file", password_file_key, "FILE", 0, "with the password that is FILE's first line", 0},
    {"from", from_key, "ADDRESS", 0, "The sender", 0},
    {"timeout", timeout_key, "SECONDS", 0, "For all of it (55)", 0},
    {}};

/// The number `text` from 1 to `most`.
int number(const char* text, int most, argp_state* state) {
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  if (end == text || *end || n < 1 || n > most) argp_error(state, "'%s' is not from 1 to %d", text, most);
  return static_cast<int>(n);
}

error_t parse(int key, char* argument, argp_state* state) {
  auto& options = *static_cast<Options*>(state->input);
  switch (key) {
    case host_key: options.route.host = argument; return 0;
    case port_key: options.route.port = number(argument, 65535, state); return 0;
    case starttls_key: options.route.security = SmtpRoute::Security::starttls; return 0;
    case tls_key: options.route.security = SmtpRoute::Security::tls; return 0;
    case ca_file_key: options.route.authorities = argument; return 0;
    case user_key: options.route.user = argument; return 0;
    case password_file_key: options.password_file = argument; return 0;
    case from_key: options.mail.sender = argument; return 0;
    case timeout_key: options.route.limit = Seconds{number(argument, 3600, state)}; return 0;
    case ARGP_KEY_ARG: options.mail.recipients.emplace_back(argument); return 0;
    case ARGP_KEY_END:
      if (options.route.host.empty() || options.mail.sender.empty() || options.mail.recipients.empty())
        argp_error(state, "--host, --from and a recipient are needed");
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

const char* const doc =
    "Give the mail on standard input to an SMTP server.\v"
    "The exit status is of sysexits.h: 0 the server has it, 65 it will never take it, any other: it "
    "may do so later.";
const argp parser{table, parse, "RECIPIENT...", doc, nullptr, nullptr, nullptr};

int run(Options& options) {
  if (!options.password_file.empty())
    options.route.password = password_from_file(options.password_file)();
  options.mail.text.assign(std::istreambuf_iterator<char>{std::cin}, {});
  const SmtpEnding ending = send_mail(options.route, options.mail);
  if (!ending.words.empty()) complain(ending.words);
  return ending.status;
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process("sheepdog-mail");
  argp_err_exit_status = EX_USAGE;
  argp_program_version = version;
  Options options;
  argp_parse(&parser, argc, argv, 0, nullptr, &options);
  try {
    return run(options);
  } catch (const Error& e) {
    complain(e.what());
    return EX_CONFIG;
  } catch (const std::exception& e) {
    complain(e.what());
    return EX_OSERR;
  }
}
