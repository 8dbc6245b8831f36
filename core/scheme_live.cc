// scheme_live.cc -- inputs become Scheme data, rows C++ values: no SCM outlives the call.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_live.hh"

#include <optional>
#include <utility>

#include "glue.hh"
#include "live_relation.hh"

namespace sheepdog {
namespace {

using glue::text_to_scm;

SCM answerer = SCM_BOOL_F;

SCM to_scm(const Value& value) {
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) return scm_from_int64(*integer);
  if (const auto* const real = std::get_if<double>(&value)) return scm_from_double(*real);
  if (const auto* const text = std::get_if<std::string>(&value)) return text_to_scm(*text);
  return SCM_BOOL_F;
}

std::optional<Value> from_scm(SCM value) {
  if (scm_is_string(value)) return glue::scm_to_text(value);
  if (scm_is_signed_integer(value, INT64_MIN, INT64_MAX)) return std::int64_t{scm_to_int64(value)};
  if (scm_is_real(value)) return scm_to_double(value);
  return std::nullopt;
}

/// The rows that the list `rows` holds; nothing when one is not of `width` values.
std::optional<std::vector<Row>> rows_of(SCM rows, std::size_t width) {
  if (scm_ilength(rows) < 0) return std::nullopt;
  std::vector<Row> result;
  for (; scm_is_pair(rows); rows = SCM_CDR(rows)) {
    SCM cells = SCM_CAR(rows);
    if (scm_ilength(cells) != static_cast<long>(width)) return std::nullopt;
    Row& row = result.emplace_back();
    for (; scm_is_pair(cells); cells = SCM_CDR(cells)) {
      auto value = from_scm(SCM_CAR(cells));
      if (!value) return std::nullopt;
      row.push_back(std::move(*value));
    }
  }
  return result;
}

struct Call {
  SCM arguments, result;
};

SCM ask(void* data) {
  auto* const call = static_cast<Call*>(data);
  call->result = scm_apply_0(answerer, call->arguments);
  return SCM_UNSPECIFIED;
}

/// What the answerer says; #f where it raised all the same, as a handler of a signal may.
SCM answer(const std::string& name, const Row& inputs) {
  SCM arguments = SCM_EOL;
  for (auto i = inputs.rbegin(); i != inputs.rend(); ++i) arguments = scm_cons(to_scm(*i), arguments);
  Call call{scm_cons(text_to_scm(name), arguments), SCM_BOOL_F};
  scm_internal_catch(SCM_BOOL_T, ask, &call,
                     [](void*, SCM, SCM) -> SCM { return SCM_UNSPECIFIED; }, nullptr);
  return call.result;
}

}  // namespace

SCM live_answerer(SCM procedure) {
  if (scm_is_false(scm_procedure_p(procedure))) throw glue::WrongType{1, procedure, "procedure"};
  answerer = scm_gc_protect_object(procedure);
  return SCM_UNSPECIFIED;
}

void db_add_live(Database& db, const std::string& name, const std::vector<std::string>& columns,
                 std::size_t inputs) {
  add_live_relation(db, {name, columns, inputs,
                         [name, width = columns.size()](const Row& values) {
                           return rows_of(answer(name, values), width);
                         }});
}

}  // namespace sheepdog
