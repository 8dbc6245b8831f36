// scheme_json.cc -- JSON as Scheme data and back.
// SPDX-License-Identifier: GPL-3.0-or-later
#include "scheme_json.hh"

#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <unordered_map>

#include "glue.hh"

namespace sheepdog {
namespace {

constexpr int max_depth = 64;

/// The symbol called `name`. The commonest keys come again with every message, and interning makes
/// a string each time: the first few short ones are remembered, for good.
SCM symbol(std::string_view name) {
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  static std::unordered_map<std::string, SCM, Hash, std::equal_to<>> known;
  if (const auto found = known.find(name); found != known.end()) return found->second;
  const SCM made = scm_from_utf8_symboln(name.data(), name.size());
  if (known.size() < 100 && name.size() <= 20)
    known.emplace(name, scm_gc_protect_object(made));
  return made;
}

SCM object_to_scm(const Json& object) {
  SCM alist = SCM_EOL;
  for (const auto& [key, value] : object.items()) {
    alist = scm_acons(symbol(key), json_to_scm(value), alist);
  }
  return scm_reverse_x(alist, SCM_EOL);
}

SCM array_to_scm(const Json& array) {
  const SCM vector = scm_c_make_vector(array.size(), SCM_BOOL_F);
  for (std::size_t i = 0; i < array.size(); ++i) SCM_SIMPLE_VECTOR_SET(vector, i, json_to_scm(array[i]));
  return vector;
}

/// Builds Scheme data of what the scanner tells. It lives on the stack, where the collector sees
/// what is not finished yet; the scanner has bounded the depth.
class ScmBuilder : public Json::json_sax_t {
 public:
  [[nodiscard]] SCM result() const { return levels_[0].items; }

  bool null() override { return put(scm_from_utf8_symbol("null")); }
  bool boolean(bool value) override { return put(scm_from_bool(value)); }
  bool number_integer(std::int64_t value) override { return put(scm_from_int64(value)); }
  bool number_unsigned(std::uint64_t value) override { return put(scm_from_uint64(value)); }
  bool number_float(double value, const std::string&) override {
    return put(scm_from_double(value));
  }
  bool string(std::string& value) override {
    return put(scm_from_utf8_stringn(value.data(), value.size()));
  }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(std::string& name) override {
    levels_[depth_].key = symbol(name);
    return true;
  }
  bool end_object() override { return put_finished(scm_reverse_x(levels_[depth_].items, SCM_EOL)); }
  bool end_array() override {
    return put_finished(scm_vector(scm_reverse_x(levels_[depth_].items, SCM_EOL)));
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;  // the scanner throws instead
  }

 private:
  struct Level {
    bool object = false;
    SCM key = SCM_BOOL_F;
    SCM items = SCM_EOL;  // the newest first; at the bottom the whole document
  };

  bool open(bool object) {
    levels_.at(++depth_) = {object, SCM_BOOL_F, SCM_EOL};
    return true;
  }
  bool put_finished(SCM container) {
    --depth_;
    return put(container);
  }
  bool put(SCM value) {
    Level& level = levels_[depth_];
    if (depth_ == 0)
      level.items = value;
    else if (level.object)
      level.items = scm_acons(level.key, value, level.items);
    else
      level.items = scm_cons(value, level.items);
    return true;
  }

  std::array<Level, JsonLimits{}.depth + 1> levels_{};
  std::size_t depth_ = 0;
};

[[noreturn]] void cannot_say(const char* what) {
  throw Error{Error::Code::broken, std::string{"JSON cannot say "} + what};
}

Json to_json(SCM data, int depth);

Json list_to_json(SCM list, int depth) {
  if (scm_ilength(list) < 0) cannot_say("an improper or circular list");
  Json object = Json::object();
  for (; scm_is_pair(list); list = SCM_CDR(list)) {
    const SCM entry = SCM_CAR(list);
    if (!scm_is_pair(entry)) cannot_say("a list that is no alist; an array is a vector");
    const SCM key = SCM_CAR(entry);
    if (scm_is_symbol(key))
      object[glue::scm_to_text(scm_symbol_to_string(key))] = to_json(SCM_CDR(entry), depth);
    else if (scm_is_string(key))
      object[glue::scm_to_text(key)] = to_json(SCM_CDR(entry), depth);
    else
      cannot_say("a key that is neither symbol nor string");
  }
  return object;
}

Json vector_to_json(SCM vector, int depth) {
  Json array = Json::array();
  for (std::size_t i = 0; i < scm_c_vector_length(vector); ++i)
    array.push_back(to_json(scm_c_vector_ref(vector, i), depth));
  return array;
}

Json number_to_json(SCM number) {
  if (scm_is_signed_integer(number, INT64_MIN, INT64_MAX)) return scm_to_int64(number);
  if (scm_is_unsigned_integer(number, 0, UINT64_MAX)) return scm_to_uint64(number);
  const double real = scm_to_double(number);
  if (!std::isfinite(real)) cannot_say("a number that is not finite");
  return real;
}

Json to_json(SCM data, int depth) {
  if (depth >= max_depth) cannot_say("data nested deeper than 64");
  if (scm_is_string(data)) return glue::scm_to_text(data);
  if (scm_is_real(data)) return number_to_json(data);
  if (scm_is_bool(data)) return scm_is_true(data);
  if (scm_is_symbol(data)) {
    auto name = glue::scm_to_text(scm_symbol_to_string(data));
    return name == "null" ? Json{} : Json(std::move(name));
  }
  if (scm_is_pair(data) || scm_is_null(data)) return list_to_json(data, depth + 1);
  if (scm_is_vector(data)) return vector_to_json(data, depth + 1);
  cannot_say("this kind of Scheme data");
}

}  // namespace

SCM json_to_scm(const Json& json) {
  switch (json.type()) {
    case Json::value_t::object: return object_to_scm(json);
    case Json::value_t::array: return array_to_scm(json);
    case Json::value_t::string: return glue::text_to_scm(json.get_ref<const std::string&>());
    case Json::value_t::boolean: return scm_from_bool(json.get<bool>());
    case Json::value_t::number_integer: return scm_from_int64(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: return scm_from_uint64(json.get<std::uint64_t>());
    case Json::value_t::number_float: return scm_from_double(json.get<double>());
    default: return scm_from_utf8_symbol("null");
  }
}

SCM read_json_as_scm(std::string_view bytes, bool* lossy) {
  ScmBuilder builder;
  parse_json(bytes, builder, {}, lossy);
  return builder.result();
}

Json scm_to_json(SCM data) { return to_json(data, 0); }

}  // namespace sheepdog
