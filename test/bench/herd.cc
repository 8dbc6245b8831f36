// herd.cc -- fills a state database with a herd by chance: what questions are measured on.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: herd DATABASE HOSTS DAYS FACTS EVENTS SEED
// The database has its tables, `level' too, and no rows.
#include "herd.hh"

#include <numeric>

#include "rows.hh"

namespace {

using namespace sheepdog;

class Writer {
 public:
  Writer(sqlite3* db, Herd herd) : db_{db}, herd_{std::move(herd)}, ids_(herd_.events.size()) {}

  void write() {
    events();
    states("host", "name", &Writer::bare, herd_.hosts);
    states("silent", "host", &Writer::bare, herd_.silent);
    states("ram", "host, total", &Writer::numbered, herd_.ram);
    states("kernel", "host, release", &Writer::valued, herd_.kernel);
    states("label", "host, name, value", &Writer::named, herd_.label);
    states("package", "host, name, version", &Writer::named, herd_.package);
    states("service", "host, name, manager", &Writer::named, herd_.service);
    states("state", "host, tag, state", &Writer::named, herd_.state);
    states("level", "host, metric, value", &Writer::counted, herd_.level);
    others();
  }

 private:
  const std::string& word(std::uint32_t n) const { return herd_.names[n]; }
  std::int64_t id(const Span& span) const { return ids_[span.origin]; }
  void bare(Table& t, const Span& s) const { t.add(word(s.host), s.t0, s.t1, id(s)); }
  void numbered(Table& t, const Span& s) const { t.add(word(s.host), s.value, s.t0, s.t1, id(s)); }
  void valued(Table& t, const Span& s) const {
    t.add(word(s.host), word(s.value), s.t0, s.t1, id(s));
  }
  void counted(Table& t, const Span& s) const {
    t.add(word(s.host), word(s.name), s.value, s.t0, s.t1, id(s));
  }
  void named(Table& t, const Span& s) const {
    t.add(word(s.host), word(s.name), word(s.value), s.t0, s.t1, id(s));
  }

  /// Rows go in by host, name and time, as the primary key has them: so no page is written twice.
  void sort(std::vector<Span>& spans) const {
    std::sort(spans.begin(), spans.end(), [this](const Span& a, const Span& b) {
      if (a.host != b.host) return word(a.host) < word(b.host);
      if (a.name != b.name) return word(a.name) < word(b.name);
      return a.t0 < b.t0;
    });
  }

  void states(const std::string& name, const std::string& columns,
              void (Writer::*add)(Table&, const Span&) const, std::vector<Span>& spans) {
    Table table{db_, name, columns + ", t0, t1, ev"};
    sort(spans);
    for (const auto& span : spans) (this->*add)(table, span);
  }

  void events() {
    std::vector<Origin> order(herd_.events.size());
    std::iota(order.begin(), order.end(), Origin{0});
    std::stable_sort(order.begin(), order.end(),
                     [this](Origin a, Origin b) { return herd_.events[a].t < herd_.events[b].t; });
    Table event{db_, "event", "id, t, rx, host, tag, monitor, kind, state, summary"};
    const std::string trouble =
        "borg-export: exit status 2 after 301.4 s: Failed to create/acquire the lock "
        "/export/backup/borg/lock.exclusive (timeout). Connection closed by remote host";
    std::int64_t next = 0;
    for (const Origin origin : order) {
      const Event& e = herd_.events[origin];
      ids_[origin] = ++next;
      const bool bad = e.kind == Event::state_fail || e.kind == Event::run_fail;
      event.add(next, e.t, e.t + 40, word(e.host), word(e.tag), "bench", "bark",
                e.kind == Event::inventory ? ""
                : bad                      ? "fail"
                                           : "ok",
                e.kind == Event::run_fail ? trouble : std::string{"seen"});
    }
    run(db_,
        "INSERT INTO event_index (host, tag, t, event, state) "
        "SELECT host, tag, t, id, state FROM event ORDER BY host, tag, t, id; "
        "UPDATE mark SET value = (SELECT max(id) FROM event) WHERE name = 'indexed'; "
        // An event has the number of its message: the next one goes on behind these.
        "INSERT INTO sender (id, name, contiguous, highest) VALUES (1, 'bench', 1, 1); "
        "INSERT INTO message (id, sender, seq, received, body, length) "
        "SELECT max(id), 1, 1, max(rx), CAST('{}' AS BLOB), 2 FROM event");
  }

  void others() {
    Table os{db_, "os", "host, name, release, t0, t1, ev"};
    for (const auto& s : herd_.os) os.add(word(s.host), word(s.value), "12", s.t0, s.t1, id(s));

    Table interruption{db_, "interruption",
                       "host, tag, worst, reason, hard, planned, \"end\", failures, t0, t1, ev"};
    sort(herd_.interruption);
    for (const auto& s : herd_.interruption)
      interruption.add(word(s.host), word(s.name), word(s.value), "exit status 1", s.t0, 0,
                       s.t1 == open_end ? "" : "ok", 1, s.t0, s.t1, id(s));

    Table runs{db_, "run", "host, tag, id, status, t0, t1, ev"};
    sort(herd_.run);
    for (const auto& s : herd_.run)
      runs.add(word(s.host), word(s.name), "", s.value, s.t0, s.t1, id(s));
    run(db_,
        "INSERT INTO run_index (host, tag, t0, run, id, status, t1, ev) "
        "SELECT host, tag, t0, rowid, id, status, t1, ev FROM run ORDER BY host, tag, t0, rowid; "
        "UPDATE mark SET value = (SELECT max(rowid) FROM run) WHERE name = 'runs'");

    Table complete{db_, "complete", "host, relation, at, t0, t1, ev"};
    sort(herd_.complete);
    for (const auto& s : herd_.complete)
      complete.add(word(s.host), word(s.name), s.t0, s.t0, s.t1, id(s));

    Table depends{db_, "depends", "host, tag, on_host, on_tag, t0, t1, ev"};
    for (const auto& n : herd_.depends)
      depends.add(word(n.host), word(herd_.sshd), word(n.on), word(herd_.sshd), n.t0, open_end,
                  ids_[n.origin]);
  }

  sqlite3* db_;
  Herd herd_;
  std::vector<std::int64_t> ids_;  // of events, by their place
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: herd DATABASE HOSTS DAYS FACTS EVENTS SEED\n");
    return 2;
  }
  const Size size{std::atoi(argv[2]), std::atoi(argv[3]), std::atol(argv[4]), std::atol(argv[5])};
  fill_database(argv[1], [&](sqlite3* db) {
    Writer{db, Maker{size, static_cast<std::uint64_t>(std::atoll(argv[6]))}.made()}.write();
  });
}
