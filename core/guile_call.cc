// guile_call.cc -- a call on its way through a nameless file: arguments of programs are too short.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "guile_call.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "error.hh"
#include "hold.hh"

namespace sheepdog {
namespace {

// Between our own processes: as much as a batch of messages and what its writing as text adds.
const JsonLimits ours{.bytes = 64 << 20, .values = 10'000'000};

Descriptor nameless_file(const std::string& content) {
  Descriptor file{memfd_create("sheepdog", MFD_CLOEXEC)};
  if (!file || !write_all(file.get(), content) || lseek(file.get(), 0, SEEK_SET) != 0)
    throw Error{Error::Code::broken,
                fmt::format("cannot keep a call of Scheme: {}", std::strerror(errno))};
  return file;
}

}  // namespace

Json to_json(const SchemeCall& call) {
  return {{"module", call.module},
          {"procedure", call.procedure},
          {"arguments", call.arguments},
          {"heap", call.heap}};
}

SchemeCall parse_call(const std::string& text) {
  const Json json = read_json(text, ours);
  try {
    return {json.at("module").get<std::vector<std::string>>(),
            json.at("procedure").get<std::string>(), json.at("arguments").get<std::vector<Json>>(),
            json.at("heap").get<std::size_t>()};
  } catch (const Json::exception& e) {
    throw Error{Error::Code::bad_message, fmt::format("no call of Scheme: {}", e.what())};
  }
}

std::string guile_program(const Paths& paths) { return paths.programs + "/sheepdog-guile"; }

GuileStart start_of(const SchemeCall& call, const std::string& program, const Paths& paths) {
  Descriptor request = nameless_file(write_json(to_json(call)));
  const int number = request.get();
  return {{guile_program(paths), "--program=" + program, fmt::format("--request={}", number)},
          std::move(request)};
}

void become_guile(const SchemeCall& call, const std::string& program, const Paths& paths) {
  const GuileStart start = start_of(call, program, paths);
  std::vector<char*> argv;
  for (const auto& word : start.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  fcntl(start.request.get(), F_SETFD, 0);
  execv(argv[0], argv.data());
  refuse_guile(paths, errno);
}

void refuse_guile(const Paths& paths, int error) {
  throw Error{Error::Code::cannot_run,
              fmt::format("cannot run {}: {}", guile_program(paths), std::strerror(error)),
              "it is a part of sheepdog, and is installed with it"};
}

}  // namespace sheepdog
