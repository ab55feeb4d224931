#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "shell/http_guard.h"
#include "shell/served_files.h"

using namespace skywarden;

TEST_CASE("the server answers under its own names only") {
  const std::vector<std::string> names{"ops.example"};
  for (const char* host :
       {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]", "[::1]:9", "ops.example:80"}) {
    CHECK_MESSAGE(shell::host_allowed(host, names), host);
  }
  for (const char* host :
       {"", ":8080", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080",
        "localhost:", "localhost:80a", "localhost:123456", "[::1", "[::2]:80", "localhost:80:80", "127.0.0.2",
        "user@localhost", "localhost, evil.example", "localhost."}) {
    CHECK_FALSE_MESSAGE(shell::host_allowed(host, names), host);
  }
}

TEST_CASE("only the page itself may act") {
  CHECK(shell::origin_allowed(std::nullopt, "localhost:8080"));
  CHECK(shell::origin_allowed("http://localhost:8080", "localhost:8080"));
  CHECK(shell::origin_allowed("https://ops.example", "ops.example"));
  for (const char* origin : {"null", "", "http://localhost", "http://localhost:3000", "http://127.0.0.1:8080",
                             "http://evil.example", "localhost:8080", "file://localhost:8080"}) {
    CHECK_FALSE_MESSAGE(shell::origin_allowed(origin, "localhost:8080"), origin);
  }
}

TEST_CASE("a target is a plain path or it is refused") {
  const auto target = shell::parse_target("/files/alerts/a%20b.xml?name=x%2Fy&z");
  REQUIRE(target.has_value());
  CHECK(target->path == "/files/alerts/a b.xml");
  CHECK(target->query == "name=x%2Fy&z");
  CHECK(shell::parse_target("/").value().path == "/");
  CHECK(shell::parse_target("/?a").value().query == "a");
  for (const char* bad : {"",
                          "*",
                          "files",
                          "http://localhost/",
                          "//evil.example",
                          "/..",
                          "/a/../b",
                          "/%2e%2e/etc/passwd",
                          "/a/%2E%2E",
                          "/a/./b",
                          "/a//b",
                          "/a/",
                          "/a%2f%2e%2e%2fb",
                          "/a%00b",
                          "/a%0d%0ab",
                          "/a\\b",
                          "/a%5cb",
                          "/%",
                          "/%4",
                          "/%zz"}) {
    CHECK_FALSE_MESSAGE(shell::parse_target(bad).has_value(), bad);
  }
  CHECK(shell::parse_target("/" + std::string(shell::kTargetBytesMax, 'a')).error().code ==
        Errc::kLimitReached);
}

TEST_CASE("a query value is found and decoded") {
  CHECK(shell::query_value("a=1&name=my+fire%21.csv", "name") == "my fire!.csv");
  CHECK(shell::query_value("name", "name") == "");
  CHECK_FALSE(shell::query_value("surname=x", "name").has_value());
  CHECK_FALSE(shell::query_value("name=%g0", "name").has_value());
  CHECK_FALSE(shell::query_value("", "name").has_value());
}

TEST_CASE("assets are found by path, the index by the root") {
  const std::array<shell::EmbeddedAsset, 2> assets{
      {{"/app.js", "\"1\"", "let a;"}, {"/index.html", "\"2\"", "<p>"}}};
  CHECK(shell::asset_response(assets, "/").body == "<p>");
  CHECK(shell::asset_response(assets, "/").content_type == "text/html; charset=utf-8");
  CHECK(shell::asset_response(assets, "/app.js").etag == "\"1\"");
  CHECK(shell::asset_response(assets, "/app.js").content_type == "text/javascript; charset=utf-8");
  CHECK(shell::asset_response(assets, "/absent.js").status == 404);
}

TEST_CASE("served files lie below their folder, whatever a link says") {
  const std::filesystem::path place =
      std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "_served");
  std::filesystem::create_directories(place / "out" / "alerts");
  std::filesystem::create_directories(place / "outside");
  std::ofstream(place / "out" / "alerts" / "1.xml") << "<alert/>";
  std::ofstream(place / "outside" / "secret.txt") << "secret";
  std::filesystem::create_symlink(place / "outside" / "secret.txt", place / "out" / "link.txt");
  const std::string root = (place / "out").string();

  CHECK(shell::file_response(root, "alerts/1.xml").body == "<alert/>");
  CHECK(shell::file_response(root, "/alerts/1.xml").content_type == "application/xml; charset=utf-8");
  CHECK(shell::file_response(root, "alerts/1.xml").content_security_policy.find("sandbox") !=
        std::string::npos);
  for (const char* bad : {"", "alerts", "absent.xml", "link.txt", "../outside/secret.txt", "/etc/passwd"}) {
    CHECK_MESSAGE(shell::file_response(root, bad).status == 404, bad);
  }
  CHECK(shell::file_response((place / "absent").string(), "1.xml").status == 404);
  std::filesystem::remove_all(place);
}
