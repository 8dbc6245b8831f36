// judge.cc -- a rehearsal, then the question.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "judge.hh"

#include "error.hh"

namespace sheepdog {
namespace {

const char* const rehearsal =
    R"({"config":null,"check":false,"monitor":"error","options":{},"outcome":{"status":0}})";

SchemeCall judge_json(const std::string& request) {
  return {{"sheepdog", "verdict"}, "judge-json", {Json(request)}};
}

}  // namespace

Judge::Judge(const Paths& paths) : guile_{paths} { guile_.prepare(judge_json(rehearsal)); }

std::string Judge::ask(const std::string& request, Seconds patience) {
  const Json answer = guile_.ask(judge_json(request), patience);
  if (!answer.is_string()) throw Error{Error::Code::broken, "a verdict that is no text"};
  return answer.get<std::string>();
}

}  // namespace sheepdog
