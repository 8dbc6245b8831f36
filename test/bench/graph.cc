// graph.cc -- fills the relation `edge' with a graph by chance: what closures are measured on.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Usage: graph DATABASE NODES SEED [BACK]
// The database has the table edge (host, on_host). Each node has 1, 1, 2 or 3 edges to earlier
// ones, 9 of 10 within 200, the others to the first 20; BACK percent of the nodes have one to a
// later one, too.
#include "chance.hh"
#include "rows.hh"

namespace {

using namespace sheepdog;
constexpr long long begin_time = 1764633600000, open_end = 9223372036854775807;

std::string node(int n) {
  const std::string digits = std::to_string(n);
  return "n-" + std::string(6 - digits.size(), '0') + digits;
}

void fill(sqlite3* db, int nodes, Chance& chance, int back) {
  Table edge{db, "edge", "host, on_host, t0, t1, ev"};
  for (int n = 1; n < nodes; ++n) {
    std::vector<int> on;
    const int degrees[] = {1, 1, 2, 3};
    for (int i = degrees[chance.below(4)]; i > 0; --i)
      on.push_back(chance.one_of(10) ? chance.below(std::min(n, 20))
                                     : n - 1 - chance.below(std::min(n, 200)));
    if (chance.below(100) < back && n + 1 < nodes)
      on.push_back(n + 1 + chance.below(std::min(200, nodes - n - 1)));
    std::sort(on.begin(), on.end());
    on.erase(std::unique(on.begin(), on.end()), on.end());
    for (const int m : on) edge.add(node(n), node(m), begin_time, open_end, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: graph DATABASE NODES SEED [BACK]\n");
    return 2;
  }
  Chance chance{static_cast<std::uint64_t>(std::atoll(argv[3]))};
  fill_database(argv[1], [&](sqlite3* db) {
    fill(db, std::atoi(argv[2]), chance, argc > 4 ? std::atoi(argv[4]) : 0);
  });
}
