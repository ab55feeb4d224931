#include "formats/tar.h"

#include <doctest/doctest.h>

namespace skywarden::formats {
namespace {

std::string header(std::string_view name, std::size_t size, char type) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(124, 11, fmt::format("{:011o}", size));
  block.replace(148, 8, "        ");
  block[156] = type;
  block.replace(257, 8, std::string_view("ustar\00000", 8));
  std::size_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  block.replace(148, 6, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

std::string member(std::string_view name, std::string content, char type = '0') {
  const std::string head = header(name, content.size(), type);
  content.resize((content.size() + 511) / 512 * 512);
  return head + content;
}

TEST_CASE("files of an archive, in order; folders and links are passed over") {
  const std::string bytes = member("a/", "", '5') + member("a/one.txt", "hello") + member("link", "", '2') +
                            member("././@LongLink", std::string(200, 'n') + std::string(1, '\0'), 'L') +
                            member("cut", "") + member("pax", "22 path=a/other name\n", 'x') +
                            member("old", std::string(600, 'x')) + std::string(1024, '\0');
  CHECK(is_tar(bytes));
  const auto members = read_tar(bytes);
  REQUIRE(members.has_value());
  REQUIRE(members->size() == 3);
  CHECK((*members)[0].name == "a/one.txt");
  CHECK((*members)[0].bytes == "hello");
  CHECK((*members)[1].name == std::string(200, 'n'));
  CHECK((*members)[2].name == "a/other name");
  CHECK((*members)[2].bytes.size() == 600);
}

TEST_CASE("a damaged archive says where") {
  const std::string whole = member("one", "hello");
  CHECK(!is_tar("hello"));
  CHECK(read_tar("hello").error().message == "tar: byte 0: expected a header of 512 bytes, found 5");
  CHECK(read_tar(whole.substr(0, 514)).error().message ==
        "tar: byte 512: a member of 5 bytes is cut off after 2");
  std::string wrong = whole;
  wrong[0] = 'x';
  CHECK(read_tar(wrong).error().message == "tar: byte 0: expected a header, its checksum or size is wrong");
  CHECK(!read_tar(header("huge", 8'000'000'000, '0')).has_value());
  CHECK(read_tar(member("x", std::string(5000, 'n'), 'L')).error().code == Errc::kLimitReached);
}

}  // namespace
}  // namespace skywarden::formats
