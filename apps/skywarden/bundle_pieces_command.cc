// skywarden bundle split and join: a bundle as pieces of an erasure code, and back.
#include <filesystem>
#include <memory>

#include "bundle_files.h"
#include "command_line/command_line.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/bundle_pieces.h"

namespace skywarden::app {
namespace {

struct SplitArguments {
  std::string file, out;
  wire::CodeShape shape{4, 2};
  std::optional<std::uint64_t> sequence;
};

struct JoinArguments {
  std::vector<std::string> files;
  std::string out = "-";
};

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<int> run_split(const SplitArguments& arguments) {
  const auto bytes = read_bundle_bytes(arguments.file);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto view = network::decode_bundle(*bytes);
  if (!view) return fail(view.error().code, "{}: {}", arguments.file, view.error().message);
  network::CreationTimestamp first = view->primary.created;
  first.sequence = arguments.sequence.value_or(first.sequence + 1);
  const auto pieces = network::pieces_of_bundle(*view, arguments.shape, first);
  if (!pieces) return fail(pieces.error().code, "{}: {}", arguments.file, pieces.error().message);
  std::error_code failed;
  std::filesystem::create_directories(arguments.out, failed);
  if (failed) return fail(Errc::kInputOutput, "{}: {}", arguments.out, failed.message());
  for (std::size_t i = 0; i < pieces->size(); ++i) {
    const auto piece = network::encode_bundle((*pieces)[i]);
    if (!piece) return tl::unexpected<Error>(piece.error());
    const auto path = std::filesystem::path(arguments.out) / fmt::format("piece-{:03}.bundle", i);
    if (const auto written = write_out(path.string(), text_of(*piece)); !written)
      return tl::unexpected<Error>(written.error());
  }
  return 0;
}

// The first bundle that is whole; what is left over, wrong or of others costs a line or nothing.
Result<int> run_join(const JoinArguments& arguments) {
  network::PieceCollector collector({.bytes_max = network::kBundleBytesMax});
  std::optional<std::vector<std::byte>> whole;
  Complaints complaints("join");
  std::size_t taken = 0;
  for (const std::string& file : arguments.files) {
    const auto bytes = read_bundle_bytes(file);
    const auto view = bytes ? network::decode_bundle(*bytes) : tl::unexpected<Error>(bytes.error());
    auto restored = view ? collector.add(*view, Instant{}) : tl::unexpected<Error>(view.error());
    if (!restored) {
      complaints.add(file, restored.error());
      continue;
    }
    ++taken;
    if (!*restored) continue;
    if (whole) return fail(Errc::kConflict, "{}: pieces of a second bundle", file);
    whole = std::move(*restored);
  }
  if (!whole)
    return fail(Errc::kNotFound, "{} pieces of {} bundles restore none of them", taken, collector.bundles());
  if (const auto written = write_out(arguments.out, text_of(*whole)); !written)
    return tl::unexpected<Error>(written.error());
  return complaints.count() == 0 ? 0 : 2;
}

}  // namespace

void add_bundle_pieces(command_line::Command bundle, int* exit_code) {
  auto splitting = std::make_shared<SplitArguments>();
  command_line::Command split =
      bundle.add_subcommand("split", "Make pieces of a bundle, some of which may be lost on their ways");
  split.add_option("file,--in", splitting->file, "a bundle: binary or hexadecimal (.gz too)").required();
  split.add_option("--data", splitting->shape.data, "pieces that are needed, whichever")
      .capture_default_str();
  split.add_option("--parity", splitting->shape.parity, "pieces more than that, which may be lost")
      .capture_default_str();
  split.add_option("--sequence", splitting->sequence,
                   "sequence number of the first piece; the others follow (default: after the bundle's)");
  split.add_option("--out", splitting->out, "folder for piece-000.bundle, piece-001.bundle, …").required();
  split.footer(
      "Each piece is a bundle from the same source at the same time with a sequence number of its own.\n\n"
      "Example:\n  skywarden bundle split alert.bundle --data 4 --parity 4 --out pieces");
  split.callback([splitting, exit_code] { report_bundle("split", run_split(*splitting), exit_code); });

  auto joining = std::make_shared<JoinArguments>();
  command_line::Command join = bundle.add_subcommand("join", "Restore a bundle from enough of its pieces");
  join.add_option("files,--in", joining->files, "pieces, one a file: binary or hexadecimal (.gz too)")
      .required();
  join.add_option("--out", joining->out, "file; - is standard output").capture_default_str();
  join.footer(
      "The bundle comes out byte for byte. Exit code 2 when some files are no pieces, 1 without a bundle.\n\n"
      "Example:\n  skywarden bundle join pieces/*.bundle --out alert.bundle");
  join.callback([joining, exit_code] { report_bundle("join", run_join(*joining), exit_code); });
}

}  // namespace skywarden::app
