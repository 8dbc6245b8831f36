// scheme_settings.cc -- configuration files, settings and places as Scheme data.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_settings.hh"

#include <vector>

#include "paths.hh"
#include "reader.hh"
#include "scheme_data.hh"

namespace sheepdog {
namespace {

using glue::Symbol;
using glue::text_to_scm;

SCM datum_to_scm(const Datum& datum) {
  const auto positioned = [&](const char* kind, SCM value) {
    return vector({scm_from_utf8_symbol(kind), scm_from_size_t(datum.at.line),
                   scm_from_size_t(datum.at.column), value});
  };
  switch (datum.kind) {
    case Datum::Kind::symbol: return positioned("symbol", scm(Symbol{datum.text}));
    case Datum::Kind::string: return positioned("string", text_to_scm(datum.text));
    case Datum::Kind::integer: return positioned("integer", scm_from_int64(datum.integer));
    case Datum::Kind::real: return positioned("real", scm_from_double(datum.real));
    case Datum::Kind::boolean: return positioned("boolean", scm_from_bool(datum.truth));
    case Datum::Kind::list: break;
  }
  SCM items = SCM_EOL;
  for (auto i = datum.items.rbegin(); i != datum.items.rend(); ++i)
    items = scm_cons(datum_to_scm(*i), items);
  return positioned(datum.dotted ? "dotted" : "list", items);
}

SCM problem_to_scm(const Problem& problem) {
  return vector({text_to_scm(problem.file), scm_from_size_t(problem.at.line),
                 scm_from_size_t(problem.at.column), text_to_scm(problem.text),
                 text_to_scm(problem.hint), scm_from_bool(problem.warning)});
}

SCM problems_to_scm(const std::vector<Problem>& problems) {
  SCM list = SCM_EOL;
  for (auto i = problems.rbegin(); i != problems.rend(); ++i)
    list = scm_cons(problem_to_scm(*i), list);
  return list;
}

}  // namespace

SCM file_of_data(const std::string& file) {
  const Reading reading = read_data_file(file);
  SCM data = SCM_EOL;
  for (auto i = reading.data.rbegin(); i != reading.data.rend(); ++i)
    data = scm_cons(datum_to_scm(*i), data);
  return scm_cons(data, problems_to_scm(reading.problems));
}

SCM settings_to_alist(Settings& s) {
  return alist({{"file", scm(s.file)},
                {"files", scm(s.files)},
                {"name", scm(s.name)},
                {"standalone", scm(s.queues.front().transport == QueueAddress::Transport::local)},
                {"queue", scm(s.queues.front().place())},
                {"spool", scm(s.spool)},
                {"spool-messages", scm(s.spool_limits.messages)},
                {"spool-bytes", scm(s.spool_limits.bytes)},
                {"state", scm(s.state)},
                {"database", scm(s.database.value_or(s.state + "/sheepdog.db"))},
                {"mailto", scm(s.mailto)},
                {"log", scm(s.log)},
                {"monitor", scm(s.monitor)},
                {"tag", scm(s.tag)},
                {"problems", problems_to_scm(s.problems)}});
}

SCM paths_to_alist() {
  const Paths p = find_paths();
  return alist({{"system", scm(p.system)},
                {"home", scm(p.home)},
                {"state", scm(p.state)},
                {"spool", scm(p.spool)},
                {"run", scm(p.run)},
                {"configuration", scm(p.configuration)},
                {"data", scm(p.data)},
                {"compiled", scm(p.compiled)},
                {"programs", scm(p.programs)}});
}

}  // namespace sheepdog
