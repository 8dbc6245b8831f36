// scheme_errands.cc -- errands for Scheme: started, and their endings as alists.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_errands.hh"

#include <libguile.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "errand.hh"
#include "error.hh"
#include "scheme_data.hh"

namespace sheepdog {
namespace {

using glue::text_to_scm;
using glue::without_guile;

std::unique_ptr<Errands> errands_open() { return std::make_unique<Errands>(); }

/// OUTPUT: how many bytes of stdout are wanted; 0: only the last words.
void errand_start(Errands& errands, std::int64_t key, const std::vector<std::string>& argv,
                  SCM input, double limit, std::size_t output) {
  if (argv.empty()) throw Error{Error::Code::usage, "no program to run"};
  errands.start({.key = key,
                 .argv = argv,
                 .input = bytes_argument(input, 4),
                 .limit = Seconds{limit},
                 .output = output});
}

SCM ending_to_scm(const Ending& ending) {
  const SCM trouble =
      ending.start_errno != 0 ? text_to_scm(std::strerror(ending.start_errno)) : SCM_BOOL_F;
  return scm_cons(scm_from_int64(ending.key), alist({{"status", scm(ending.status)},
                                                     {"signal", scm(ending.signal)},
                                                     {"errno", trouble},
                                                     {"timed-out", scm(ending.timed_out)},
                                                     {"flooded", scm(ending.flooded)},
                                                     {"output", text_to_scm(ending.output)},
                                                     {"said", text_to_scm(ending.said)}}));
}

SCM errands_collect(Errands& errands, double patience) {
  const auto endings = without_guile([&] { return errands.collect(Seconds{patience}); });
  SCM list = SCM_EOL;
  for (auto i = endings.rbegin(); i != endings.rend(); ++i)
    list = scm_cons(ending_to_scm(*i), list);
  return list;
}

std::size_t errands_running(Errands& errands) { return errands.running(); }
double errands_pause(Errands& errands) { return errands.pause().count(); }

}  // namespace

void define_errand_primitives() {
  glue::Handle<Errands>::define("errands");
  glue::define<errands_open>("%errands-open");
  glue::define<glue::close_handle<Errands>>("%errands-close!");
  glue::define<errand_start>("%errand-start!");
  glue::define<errands_collect>("%errands-collect!");
  glue::define<errands_running>("%errands-running");
  glue::define<errands_pause>("%errands-pause");
}

}  // namespace sheepdog
