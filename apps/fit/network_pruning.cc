#include "network_pruning.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.h"
#include "inference/kernels.h"

namespace skywarden::fit {
namespace {

using inference::SetShape;
using onboard::NetworkShape;

using Places = std::vector<std::size_t>;  // of rows or columns, ascending

struct Matrix {  // a vector has one column
  std::size_t rows = 0, columns = 1;
  std::vector<float> numbers;
};
using Matrices = std::map<std::string, Matrix>;

Matrices matrices_of(const NetworkShape& shape, const onboard::NetworkInputs& inputs,
                     const inference::Parameters& parameters) {
  Matrices out;
  const auto keep = [&](const std::string& name, std::size_t count, std::size_t width) {
    const std::size_t columns = std::max<std::size_t>(1, width);
    return (out[name] = {count / columns, columns, parameters(name, count, width)}).numbers;
  };
  static_cast<void>(network_graph(shape, inputs, inference::Precision::kF32, keep));
  return out;
}

double size_of_row(const Matrix& m, std::size_t row) {
  double sum = 0.0;
  for (std::size_t c = 0; c < m.columns; ++c) sum += std::abs(m.numbers[row * m.columns + c]);
  return sum;
}

double size_of_column(const Matrix& m, std::size_t column) {
  double sum = 0.0;
  for (std::size_t r = 0; r < m.rows; ++r) sum += std::abs(m.numbers[r * m.columns + column]);
  return sum;
}

void keep_rows(Matrix& m, const Places& rows) {
  std::vector<float> kept;
  for (const std::size_t r : rows)
    kept.insert(kept.end(), m.numbers.begin() + static_cast<std::ptrdiff_t>(r * m.columns),
                m.numbers.begin() + static_cast<std::ptrdiff_t>((r + 1) * m.columns));
  m = {rows.size(), m.columns, std::move(kept)};
}

void keep_columns(Matrix& m, const Places& columns) {
  std::vector<float> kept;
  for (std::size_t r = 0; r < m.rows; ++r)
    for (const std::size_t c : columns) kept.push_back(m.numbers[r * m.columns + c]);
  m = {m.rows, columns.size(), std::move(kept)};
}

// Places by importance, the least first; equal ones in their order.
Places ranked(const std::vector<double>& importance) {
  Places order(importance.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return importance[a] < importance[b]; });
  return order;
}

Places without(std::size_t all, Places removed) {
  std::sort(removed.begin(), removed.end());
  Places out;
  for (std::size_t i = 0; i < all; ++i)
    if (!std::binary_search(removed.begin(), removed.end(), i)) out.push_back(i);
  return out;
}

// What goes together: a head, or units that the engine pads to.
struct Group {
  double importance = 0;  // over the mean of its set, so that sets can be compared
  std::size_t set = 0;
  Places members;
};

std::vector<Group> groups_of(const std::vector<double>& importance, std::size_t set, std::size_t together) {
  const double mean = std::max(1e-30, std::accumulate(importance.begin(), importance.end(), 0.0) /
                                          static_cast<double>(importance.size()));
  const Places order = ranked(importance);
  std::vector<Group> out;
  // The first group is smaller where they do not come out even; the last stays, so it is no group.
  std::size_t size = order.size() % together != 0 ? order.size() % together : together;
  for (std::size_t at = 0; at + size < order.size(); at += size, size = together) {
    Group group{0.0, set, {}};
    for (std::size_t i = at; i < at + size; ++i) {
      group.members.push_back(order[i]);
      group.importance += importance[order[i]] / mean / static_cast<double>(size);
    }
    out.push_back(std::move(group));
  }
  return out;
}

// Of each set what goes, `count` members together at most, the least important first.
std::vector<Places> least_important(std::vector<Group> groups, std::size_t sets, std::size_t count) {
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.importance < b.importance; });
  std::vector<Places> out(sets);
  for (const Group& group : groups) {
    if (group.members.size() > count) break;
    count -= group.members.size();
    out[group.set].insert(out[group.set].end(), group.members.begin(), group.members.end());
  }
  return out;
}

std::size_t part_of(std::size_t all, double share) {
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(all)));
}

void prune_encoder(NetworkShape& shape, Matrices& all, const PruneShares& shares) {
  if (shape.pruned.empty()) shape.pruned.assign(shape.sets, SetShape{shape.heads, shape.hidden});
  const std::size_t width = shape.width / shape.heads;  // of a head
  std::vector<Group> heads, units;
  std::size_t heads_all = 0, units_all = 0;
  for (std::size_t s = 0; s < shape.sets; ++s) {
    const auto of = [&](const char* name) -> const Matrix& {
      return all.at(fmt::format("set{}.{}", s, name));
    };
    const auto append = [](std::vector<Group>& to, const std::vector<Group>& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    std::vector<double> head(shape.pruned[s].heads), unit(shape.pruned[s].hidden);
    for (std::size_t i = 0; i < head.size() * width; ++i)
      head[i / width] += size_of_row(of("q"), i) + size_of_row(of("k"), i) + size_of_row(of("v"), i) +
                         size_of_column(of("out"), i);
    for (std::size_t i = 0; i < unit.size(); ++i)
      unit[i] = size_of_row(of("up"), i) + size_of_column(of("down"), i);
    append(heads, groups_of(head, s, 1));
    append(units, groups_of(unit, s, inference::kLanes));
    heads_all += head.size();
    units_all += unit.size();
  }
  const auto heads_gone = least_important(std::move(heads), shape.sets, part_of(heads_all, shares.heads));
  const auto units_gone = least_important(std::move(units), shape.sets, part_of(units_all, shares.hidden));
  for (std::size_t s = 0; s < shape.sets; ++s) {
    const auto of = [&](const char* name) -> Matrix& { return all.at(fmt::format("set{}.{}", s, name)); };
    Places channels;
    for (const std::size_t h : without(shape.pruned[s].heads, heads_gone[s]))
      for (std::size_t i = 0; i < width; ++i) channels.push_back(h * width + i);
    for (const char* name : {"q", "q.bias", "k", "k.bias", "v", "v.bias"}) keep_rows(of(name), channels);
    keep_columns(of("out"), channels);
    const Places kept = without(shape.pruned[s].hidden, units_gone[s]);
    for (const char* name : {"up", "up.bias"}) keep_rows(of(name), kept);
    keep_columns(of("down"), kept);
    shape.pruned[s] = {static_cast<std::uint32_t>(channels.size() / width),
                       static_cast<std::uint32_t>(kept.size())};
  }
}

// Cells of a direction, numbered from 0, that stay: as many of each head's part.
Places cells_left(const Matrices& all, const std::string& direction, std::size_t first_channel,
                  std::size_t cells, std::size_t part, std::size_t stay) {
  const Matrix &input = all.at(direction + ".input"), &recurrent = all.at(direction + ".recurrent");
  Places gone;
  for (std::size_t begin = 0; begin < cells; begin += part) {
    std::vector<double> importance(part);
    for (std::size_t i = 0; i < part; ++i) {
      const std::size_t cell = begin + i, channel = first_channel + cell;
      for (std::size_t gate = 0; gate < 4; ++gate)
        importance[i] +=
            size_of_row(input, gate * cells + cell) + size_of_row(recurrent, gate * cells + cell);
      importance[i] += size_of_column(recurrent, cell) + size_of_row(all.at("v"), channel);
      for (const char* name : {"q", "k", "v", "head"}) importance[i] += size_of_column(all.at(name), channel);
    }
    const Places order = ranked(importance);
    for (std::size_t i = 0; i < part - stay; ++i) gone.push_back(begin + order[i]);
  }
  return without(cells, gone);
}

Result<void> prune_recurrent(NetworkShape& shape, Matrices& all, const PruneShares& shares) {
  const std::size_t directions = shape.both_directions ? 2 : 1, cells = shape.width;
  if (shape.heads % directions != 0)
    return fail(Errc::kUnsupported, "pruning: {} heads over two directions", shape.heads);
  const std::size_t part = directions * cells / shape.heads;  // a head's part of the states
  const std::size_t stay = std::max<std::size_t>(1, part - part_of(part, shares.cells));
  const std::size_t left = stay * shape.heads / directions;
  const std::vector<std::string> names{"forward", "backward"};
  Places channels;
  std::vector<Places> kept;
  for (std::size_t d = 0; d < directions; ++d) {
    kept.push_back(cells_left(all, names[d], d * cells, cells, part, stay));
    for (const std::size_t cell : kept[d]) channels.push_back(d * cells + cell);
  }
  // As many inputs of the cells as there are cells.
  std::vector<double> entering(cells);
  for (std::size_t i = 0; i < cells; ++i) {
    entering[i] = size_of_row(all.at("in"), i);
    for (std::size_t d = 0; d < directions; ++d)
      entering[i] += size_of_column(all.at(names[d] + ".input"), i);
  }
  Places gone = ranked(entering);
  gone.resize(cells - left);
  const Places inputs = without(cells, gone);
  for (const char* name : {"in", "in.bias"}) keep_rows(all.at(name), inputs);
  for (std::size_t d = 0; d < directions; ++d) {
    Places gates;
    for (std::size_t gate = 0; gate < 4; ++gate)
      for (const std::size_t cell : kept[d]) gates.push_back(gate * cells + cell);
    for (const char* name : {".input", ".recurrent", ".bias"}) keep_rows(all.at(names[d] + name), gates);
    keep_columns(all.at(names[d] + ".input"), inputs);
    keep_columns(all.at(names[d] + ".recurrent"), kept[d]);
  }
  for (const char* name : {"q", "q.bias", "k", "k.bias", "v", "v.bias", "norm.gain", "norm.bias"})
    keep_rows(all.at(name), channels);
  for (const char* name : {"q", "k", "v", "head"}) keep_columns(all.at(name), channels);
  // Attention divides by the root of the width of a head, which is less now.
  const auto factor = static_cast<float>(std::sqrt(static_cast<double>(stay) / static_cast<double>(part)));
  for (const char* name : {"q", "q.bias"})
    for (float& x : all.at(name).numbers) x *= factor;
  shape.width = static_cast<std::uint32_t>(left);
  return {};
}

}  // namespace

inference::Parameters PrunedNetwork::parameters() const {
  return [this](const std::string& name, std::size_t count, std::size_t) {
    EXPECTS(numbers.at(name).size() == count);
    return numbers.at(name);
  };
}

Result<PrunedNetwork> prune(const NetworkShape& shape, const onboard::NetworkInputs& inputs,
                            const inference::Parameters& parameters, const PruneShares& shares) {
  PrunedNetwork out{shape, {}};
  Matrices all = matrices_of(shape, inputs, parameters);
  if (shape.kind == onboard::NetworkKind::kEncoder)
    prune_encoder(out.shape, all, shares);
  else if (const auto pruned = prune_recurrent(out.shape, all, shares); !pruned)
    return tl::unexpected(pruned.error());
  for (auto& [name, matrix] : all) out.numbers[name] = std::move(matrix.numbers);
  return out;
}

}  // namespace skywarden::fit
