// A writer that is killed at any moment, again and again: the ledger holds a prefix of what was agreed,
// whole, and goes on from there.
#include <doctest/doctest.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/against_log.h"
#include "ledger/ledger_example.h"

namespace skywarden::ledger {
namespace {

using example::agreed;
using example::part;

// In a process of its own: enters one after the other until it is done, or has had so much of the
// processor. The signal's default ends it where it stands, and does not depend on what else the machine does.
void write_until_killed(const std::string& path, const std::vector<node::Entered>& all, int cpu_us) {
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    itimerval end{};
    end.it_value.tv_usec = cpu_us;
    if (::setitimer(ITIMER_PROF, &end, nullptr) != 0) ::_exit(1);
    auto file = LedgerFile::open(path, {example::kIdentity}, [](const std::string&) {});
    if (!file) ::_exit(1);
    for (std::size_t i = file->applied().value(); i < all.size(); ++i) file->enter(part(all, i, i + 1));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
}

}  // namespace

TEST_CASE("a writer killed between and within transactions leaves a whole prefix, and never an entry twice") {
  const example::Folder folder;
  const auto all = agreed(11, 2000);
  Random random(12);
  std::uint64_t before = 0;
  int grew = 0;
  for (int i = 0; i < 25; ++i) {
    write_until_killed(folder.file(), all, 3000 + static_cast<int>(random.below(9'000)));
    std::vector<std::string> said;
    const std::uint64_t now = example::open(folder.file(), &said).applied().value();
    CHECK(said.empty());  // nothing was set aside
    CHECK(now >= before);
    grew += now > before ? 1 : 0;
    before = now;
    auto reader = LedgerReader::open(folder.file());
    REQUIRE(reader);
    const auto compared = compare(*reader, nullptr, {});
    REQUIRE(compared);
    CHECK(compared->lines == std::vector<std::string>{});
    CHECK(compared->chained == now);
  }
  CHECK(grew >= 3);
  example::open(folder.file()).enter(all);
  auto reader = LedgerReader::open(folder.file());
  REQUIRE(reader);
  CHECK(compare(*reader, nullptr, {})->chained == all.size());
}

}  // namespace skywarden::ledger
