// herd.hh -- a herd of machines by chance: its facts and its events; what questions are measured
// on. SPDX-License-Identifier: GPL-3.0-or-later
//
// Now is 2026-01-01T00:00:00Z. A quarter of the facts are packages, states and interruptions, the
// others are levels of metrics. Of a seed it is always the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "chance.hh"

namespace sheepdog {

using Ms = std::int64_t;
constexpr Ms second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr Ms now = 1767225600000;
constexpr Ms open_end = 9223372036854775807;

struct Size {
  int hosts;
  int days;
  long facts;
  long events;
};

/// What a message told: the event behind a row. Rows refer to it by its place before it has an id.
struct Event {
  Ms t;
  std::uint32_t host, tag;
  enum Kind : std::uint8_t { inventory, state_ok, state_fail, run_ok, run_fail, sample } kind;
};

using Origin = std::uint32_t;  // index of an Event

struct Span {
  std::uint32_t host, name, value;
  Ms t0, t1;
  Origin origin;
};

struct Herd {
  std::vector<std::string> names;  // of all hosts, tags, packages and values, by number
  std::uint32_t sshd = 0;          // everywhere
  std::vector<Event> events;
  std::vector<Span> hosts, silent, ram, os, kernel, label, package, service, state, interruption,
      level, run, complete;
  struct Need {
    std::uint32_t host, on;
    Ms t0;
    Origin origin;
  };
  std::vector<Need> depends;

  std::uint32_t named(std::string name) {
    names.push_back(std::move(name));
    return static_cast<std::uint32_t>(names.size() - 1);
  }
  Origin told(Ms t, std::uint32_t host, std::uint32_t tag, Event::Kind kind) {
    events.push_back({t, host, tag, kind});
    return static_cast<Origin>(events.size() - 1);
  }
};

std::string padded(const char* prefix, int width, int n) {
  std::string digits = std::to_string(n);
  return prefix +
         std::string(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))),
                     '0') +
         digits;
}

/// What `make_herd` knows by number from the start.
struct Words {
  explicit Words(Herd& herd) {
    const auto all = [&](std::vector<std::uint32_t>& into, const char* prefix, int width, int n) {
      for (int i = 0; i < n; ++i) into.push_back(herd.named(padded(prefix, width, i)));
    };
    all(packages, "package-", 3, 500);
    packages[0] = herd.named("nginx");
    all(services, "service-", 2, 60);
    services[0] = herd.named("sshd");
    services[1] = packages[0];
    all(metrics, "metric-", 1, 10);
    all(sites, "site-", 2, 12);
    for (const char* v : {"1.18.0", "1.20.2", "1.22.1", "1.24.0", "1.26.2"})
      nginx_versions.push_back(herd.named(v));
    for (int i = 0; i < 40; ++i) {
      versions.push_back(herd.named(std::to_string(1 + i / 20) + "." + std::to_string(i % 20) +
                                    "-" + std::to_string(1 + i % 3)));
      kernels.push_back(herd.named("6.1." + std::to_string(90 + i)));
    }
    for (const char* relation : {"package", "service", "ram", "os", "kernel"})
      inventories.push_back(herd.named(relation));
    for (const char* os : {"debian", "guix", "alpine", "fedora", "ubuntu"})
      systems.push_back(herd.named(os));
    empty = herd.named("");
    ok = herd.named("ok");
    fail = herd.named("fail");
    site = herd.named("site");
    production = herd.named("production");
    shepherd = herd.named("shepherd");
    borg = herd.named("borg-export");
    inventory = herd.named("inventory");
    herd.sshd = services[0];
  }
  std::vector<std::uint32_t> packages, services, metrics, sites, nginx_versions, versions, kernels,
      systems, inventories;
  std::uint32_t empty, ok, fail, site, production, shepherd, borg, inventory;
};

class Maker {
 public:
  Maker(const Size& size, std::uint64_t seed)
      : size_{size}, begin_{now - size.days * day}, chance_{seed}, words_{herd_} {
    const auto a_host = size.facts / size.hosts;
    packages_ = static_cast<int>(std::clamp(a_host / 10, 5L, 200L));
    services_ = static_cast<int>(std::clamp(a_host / 100, 4L, 20L));
  }

  Herd made() {
    for (int i = 0; i < size_.hosts; ++i) host(i);
    states();
    levels();
    samples();
    return std::move(herd_);
  }

 private:
  Ms first_hour() { return chance_.between(begin_, begin_ + hour); }

  void host(int number) {
    const auto host = herd_.named(padded("host-", 5, number));
    const Ms t0 = first_hour();
    const Origin first = herd_.told(t0, host, words_.inventory, Event::inventory);
    herd_.hosts.push_back({host, 0, 0, t0, open_end, first});
    if (chance_.one_of(50)) {
      const Ms since = now - hour - chance_.between(0, 71 * hour);
      herd_.silent.push_back({host, 0, 0, since, open_end, first});
    }
    const auto ram = 512u << std::min(7, chance_.below(6) + chance_.below(4));
    herd_.ram.push_back({host, 0, ram, t0, open_end, first});
    herd_.os.push_back({host, 0, words_.systems[pick(words_.systems)], t0, open_end, first});
    herd_.label.push_back(
        {host, words_.site, words_.sites[pick(words_.sites)], t0, open_end, first});
    if (chance_.one_of(2))
      herd_.label.push_back({host, words_.production, words_.empty, t0, open_end, first});
    succession(herd_.kernel, host, 0, words_.kernels, chance_.below(10), 12.0 * day, t0, first);
    const bool nginx = chance_.below(100) < 40;
    packages(host, nginx, t0, first);
    services(host, nginx, ram <= 1024, t0, first);
    for (const auto relation : words_.inventories)
      if (!chance_.one_of(20)) herd_.complete.push_back({host, relation, 0, t0, open_end, first});
    runs(host);
    needs(host, number, t0, first);
  }

  std::size_t pick(const std::vector<std::uint32_t>& of) {
    return static_cast<std::size_t>(chance_.below(static_cast<int>(of.size())));
  }

  /// Values of `of` from `from` on, one after the other, the next after an exponential time.
  void succession(std::vector<Span>& into, std::uint32_t host, std::uint32_t name,
                  const std::vector<std::uint32_t>& of, int from, double mean, Ms t0,
                  Origin first) {
    Origin origin = first;
    for (auto i = static_cast<std::size_t>(from);; ++i) {
      const Ms next = t0 + chance_.waiting(mean);
      const bool last = next >= now || i + 1 >= of.size();
      into.push_back({host, name, of[i], t0, last ? open_end : next, origin});
      if (last) return;
      t0 = next;
      origin = herd_.told(t0, host, words_.inventory, Event::inventory);
    }
  }

  void packages(std::uint32_t host, bool nginx, Ms t0, Origin first) {
    // A random choice without repetition: the first of a shuffled row.
    std::vector<std::uint32_t> names(words_.packages.begin() + 1, words_.packages.end());
    for (std::size_t i = 0; i < static_cast<std::size_t>(packages_); ++i)
      std::swap(
          names[i],
          names[i + static_cast<std::size_t>(chance_.below(static_cast<int>(names.size() - i)))]);
    for (int i = 0; i < packages_ - nginx; ++i)
      succession(herd_.package, host, names[static_cast<std::size_t>(i)], words_.versions,
                 chance_.below(30), 90.0 * day, t0, first);
    if (nginx)
      succession(herd_.package, host, words_.packages[0], words_.nginx_versions, chance_.below(3),
                 90.0 * day, t0, first);
  }

  void services(std::uint32_t host, bool nginx, bool small, Ms t0, Origin first) {
    std::vector<std::uint32_t> names(words_.services.begin() + 2, words_.services.end());
    for (std::size_t i = 0; i < static_cast<std::size_t>(services_); ++i)
      std::swap(
          names[i],
          names[i + static_cast<std::size_t>(chance_.below(static_cast<int>(names.size() - i)))]);
    names.resize(static_cast<std::size_t>(services_ - 1 - nginx));
    names.push_back(words_.services[0]);
    if (nginx) names.push_back(words_.services[1]);
    for (const auto name : names) {
      herd_.service.push_back({host, name, words_.shepherd, t0, open_end, first});
      ailing_.push_back(
          {host, name, t0, (small ? 1.5 : 1.0) * (name == words_.services[1] ? 1.3 : 1.0)});
    }
  }

  /// ok and fail in turn, so often that with the packages they are a quarter of all facts.
  void states() {
    const double wanted =
        static_cast<double>(size_.facts) / 4 - static_cast<double>(herd_.package.size());
    double shares = 0;
    for (const auto& service : ailing_) shares += service.share;
    const double cycles = std::max(1.0, wanted / 3);  // each is two states and an interruption
    for (const auto& service : ailing_) {
      const double mean = static_cast<double>(size_.days * day) * shares / cycles / service.share;
      // Something that others stand on fails now.
      const bool needed = service.host == herd_.hosts[7].host && service.name == words_.services[0];
      const Ms last = needed ? now - 40 * minute : now;
      Ms t = service.t0;
      Origin origin = herd_.told(t, service.host, service.name, Event::state_ok);
      for (;;) {
        Ms ill = t + chance_.waiting(mean);
        if (needed && ill >= last) ill = std::max(t + second, last);
        herd_.state.push_back(
            {service.host, service.name, words_.ok, t, ill < now ? ill : open_end, origin});
        if (ill >= now) break;
        origin = herd_.told(ill, service.host, service.name, Event::state_fail);
        Ms well = ill + second + chance_.waiting(chance_.one_of(20) ? 2.0 * hour : 4.0 * minute);
        if (needed && well >= last) well = now;
        const Ms end = well < now ? well : open_end;
        herd_.state.push_back({service.host, service.name, words_.fail, ill, end, origin});
        herd_.interruption.push_back({service.host, service.name, words_.fail, ill, end, origin});
        if (well >= now) break;
        t = well;
        origin = herd_.told(t, service.host, service.name, Event::state_ok);
      }
    }
  }

  void levels() {
    const double wanted = static_cast<double>(size_.facts) * 3 / 4;
    const double each =
        wanted / static_cast<double>(size_.hosts) / static_cast<double>(words_.metrics.size());
    const double mean = static_cast<double>(size_.days * day) / each;
    for (const auto& host : herd_.hosts)
      for (const auto metric : words_.metrics) {
        Ms t = host.t0;
        auto value = static_cast<std::uint32_t>(chance_.below(10));
        for (bool last = false; !last;) {
          const Ms next = t + chance_.waiting(mean);
          last = next >= now;
          herd_.level.push_back({host.host, metric, value, t, last ? open_end : next, host.origin});
          value = (value + 1 + static_cast<std::uint32_t>(chance_.below(9))) % 10;
          t = next;
        }
      }
  }

  void runs(std::uint32_t host) {
    const bool ill = chance_.one_of(40);
    const Ms at = chance_.between(0, 12 * hour);
    for (Ms t = begin_ + at; t < now; t += 12 * hour) {
      const bool good = chance_.below(100) < 97 && !(ill && t >= now - 3 * day);
      const Ms end = std::min(now - 1, t + 5 * minute + chance_.waiting(20.0 * minute));
      const Origin origin =
          herd_.told(end, host, words_.borg, good ? Event::run_ok : Event::run_fail);
      herd_.run.push_back({host, words_.borg, good ? 0u : 2u, t, end, origin});
    }
  }

  void needs(std::uint32_t host, int number, Ms t0, Origin first) {
    std::vector<int> on;
    for (int i = chance_.below(4); i > 0 && number > 0; --i)
      on.push_back(chance_.one_of(4) ? chance_.below(std::min(number, 20)) : chance_.below(number));
    std::sort(on.begin(), on.end());
    on.erase(std::unique(on.begin(), on.end()), on.end());
    for (const int n : on)
      herd_.depends.push_back({host, herd_.hosts[static_cast<std::size_t>(n)].host, t0, first});
  }

  void samples() {
    while (static_cast<long>(herd_.events.size()) < size_.events) {
      const auto& service =
          ailing_[static_cast<std::size_t>(chance_.below(static_cast<int>(ailing_.size())))];
      herd_.told(chance_.between(service.t0, now), service.host, service.name, Event::sample);
    }
  }

  struct Ailing {
    std::uint32_t host, name;
    Ms t0;
    double share;
  };

  Size size_;
  Ms begin_;
  Chance chance_;
  Herd herd_;
  Words words_;
  int packages_, services_;
  std::vector<Ailing> ailing_;
};

}  // namespace sheepdog
