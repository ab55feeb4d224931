#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "png.h"
#include "report_figures.h"
#include "report_svg.h"

namespace skywarden::app {
namespace {

constexpr double kWidth = 760.0;
constexpr double kHeightMin = 300.0, kHeightMax = 860.0;
constexpr double kMarginDeg = 0.02;
constexpr std::size_t kReliefSideMax = 480;
constexpr std::size_t kRoadPointsMax = 40'000;
constexpr std::size_t kPlaceLabelsMax = 40;
constexpr std::size_t kSmallEventsMax = 4'000;
constexpr std::size_t kTimeColours = 6;
// Early to late, from pale to dark; told apart in grey too (ColorBrewer's YlOrRd order).
constexpr std::array<const char*, kTimeColours> kColours = {"#ffe25e", "#ffb43b", "#fd8d3c",
                                                            "#f03b20", "#bd0026", "#5c0016"};

// ---- relief -------------------------------------------------------------------------------------

struct Heights {
  std::size_t cols = 0, rows = 0;
  std::vector<std::optional<float>> values;
  double cell_x_m = 1.0, cell_y_m = 1.0;
  [[nodiscard]] std::optional<float> at(std::size_t x, std::size_t y) const { return values[y * cols + x]; }
};

// Means of blocks, so that the longer side fits.
Heights heights_of(const formats::Grid& grid) {
  const std::size_t block = (std::max(grid.cols, grid.rows) + kReliefSideMax - 1) / kReliefSideMax;
  Heights out;
  out.cols = grid.cols / block;
  out.rows = grid.rows / block;
  out.values.resize(out.cols * out.rows);
  for (std::size_t y = 0; y < out.rows; ++y) {
    for (std::size_t x = 0; x < out.cols; ++x) {
      double sum = 0.0;
      std::size_t n = 0;
      for (std::size_t i = 0; i < block * block; ++i) {
        const auto& value = grid.values[(y * block + i / block) * grid.cols + x * block + i % block];
        if (!value) continue;
        sum += static_cast<double>(*value);
        ++n;
      }
      if (n > 0) out.values[y * out.cols + x] = static_cast<float>(sum / static_cast<double>(n));
    }
  }
  const double metres_per_degree = kEarthMeanRadiusM * std::numbers::pi / 180.0;
  const double middle = (grid.south + grid.north()) / 2.0;
  const double cell = grid.cell * static_cast<double>(block);
  out.cell_y_m = cell * metres_per_degree;
  out.cell_x_m = out.cell_y_m * std::max(0.05, std::cos(middle * std::numbers::pi / 180.0));
  return out;
}

// Lambert shading with light from the north-west, 45° high, as maps have it; slopes are steepened twofold.
double shade_at(const Heights& h, std::size_t x, std::size_t y, float here) {
  const auto near = [&](std::size_t nx, std::size_t ny) {
    return static_cast<double>(h.at(nx, ny).value_or(here));
  };
  const std::size_t west = x > 0 ? x - 1 : x, east = x + 1 < h.cols ? x + 1 : x;
  const std::size_t north = y > 0 ? y - 1 : y, south = y + 1 < h.rows ? y + 1 : y;
  const double dx = 2.0 * (near(east, y) - near(west, y)) / (2.0 * h.cell_x_m);    // rising to the east
  const double dy = 2.0 * (near(x, north) - near(x, south)) / (2.0 * h.cell_y_m);  // rising to the north
  const double light = (dx * 0.5 - dy * 0.5 + std::numbers::sqrt2 / 2.0) / std::sqrt(1.0 + dx * dx + dy * dy);
  return std::clamp(light, 0.0, 1.0);
}

Picture relief(const Heights& h) {
  float low = 0.0F, high = 0.0F;
  bool any = false;
  for (const auto& value : h.values) {
    if (!value) continue;
    low = any ? std::min(low, *value) : *value;
    high = any ? std::max(high, *value) : *value;
    any = true;
  }
  Picture picture;
  if (!any) return picture;
  picture.width = h.cols;
  picture.height = h.rows;
  picture.rgba.resize(h.cols * h.rows * 4);
  for (std::size_t y = 0; y < h.rows; ++y) {
    for (std::size_t x = 0; x < h.cols; ++x) {
      const auto value = h.at(x, y);
      if (!value) continue;  // stays transparent
      const double tint = high > low ? static_cast<double>((*value - low) / (high - low)) : 0.0;
      const double light = 0.62 + 0.50 * shade_at(h, x, y, *value);
      const std::array<double, 3> base = {196.0 + 42.0 * tint, 214.0 + 16.0 * tint, 190.0 + 24.0 * tint};
      std::uint8_t* out = picture.rgba.data() + (y * h.cols + x) * 4;
      for (std::size_t c = 0; c < 3; ++c)
        out[c] = static_cast<std::uint8_t>(std::clamp(base[c] * light, 0.0, 255.0));
      out[3] = 255;
    }
  }
  return picture;
}

// ---- view ---------------------------------------------------------------------------------------

class View {  // equirectangular, true in the middle
 public:
  explicit View(BoundingBox box) : box_(box) {
    const double middle = (box.south + box.north) / 2.0;
    const double squeeze = std::max(0.05, std::cos(middle * std::numbers::pi / 180.0));
    double height = kWidth * (box.north - box.south) / ((box.east - box.west) * squeeze);
    if (height > kHeightMax) {  // tall: widen the box
      grow((box.north - box.south) * kWidth / kHeightMax / squeeze, box.north - box.south);
      height = kHeightMax;
    } else if (height < kHeightMin) {
      grow(box.east - box.west, (box.east - box.west) * squeeze * kHeightMin / kWidth);
      height = kHeightMin;
    }
    height_ = height;
    metres_per_unit_ =
        (box_.east - box_.west) * squeeze * kEarthMeanRadiusM * std::numbers::pi / 180.0 / kWidth;
  }
  [[nodiscard]] const BoundingBox& box() const { return box_; }
  [[nodiscard]] double height() const { return height_; }
  [[nodiscard]] double metres_per_unit() const { return metres_per_unit_; }
  [[nodiscard]] Point2 at(GeoPoint p) const {
    const double middle = (box_.west + box_.east) / 2.0;
    const double lon = middle + wrap_longitude(p.lon_deg - middle);
    return {(lon - box_.west) / (box_.east - box_.west) * kWidth,
            (box_.north - p.lat_deg) / (box_.north - box_.south) * height_};
  }
  [[nodiscard]] bool holds(Point2 p) const { return p.x >= 0 && p.x <= kWidth && p.y >= 0 && p.y <= height_; }

 private:
  void grow(double width_deg, double height_deg) {
    const double x = (box_.west + box_.east) / 2.0, y = (box_.south + box_.north) / 2.0;
    box_ = {x - width_deg / 2, y - height_deg / 2, x + width_deg / 2, y + height_deg / 2};
  }
  BoundingBox box_;
  double height_ = 0.0, metres_per_unit_ = 1.0;
};

class Extent {
 public:
  explicit Extent(BoundingBox start) : box_(start) {
    if (box_.east < box_.west) box_.east += 360.0;  // over the antimeridian
    known_ = box_.east > box_.west && box_.north > box_.south;
  }
  [[nodiscard]] bool known() const { return known_; }
  void add(GeoPoint p) {
    if (!known_) {
      box_ = {p.lon_deg, p.lat_deg, p.lon_deg, p.lat_deg};
      known_ = true;
      return;
    }
    const double middle = (box_.west + box_.east) / 2.0;
    const double lon = middle + wrap_longitude(p.lon_deg - middle);
    box_ = {std::min(box_.west, lon), std::min(box_.south, p.lat_deg), std::max(box_.east, lon),
            std::max(box_.north, p.lat_deg)};
  }
  [[nodiscard]] BoundingBox with_margin() const {
    const double x = std::max(kMarginDeg, 0.03 * (box_.east - box_.west));
    const double y = std::max(kMarginDeg, 0.03 * (box_.north - box_.south));
    return {box_.west - x, box_.south - y, box_.east + x, box_.north + y};
  }

 private:
  BoundingBox box_;
  bool known_ = false;
};

std::optional<BoundingBox> box_of(const ReportInput& in) {
  Extent extent(in.incident.bbox);
  if (!extent.known())
    for (const SeenHotspot& h : in.news.hotspots.items())
      extent.add({static_cast<double>(h.lat), static_cast<double>(h.lon)});
  for (std::size_t i = 0; i < in.facts.shown(); ++i)
    for (const datum::Ring& ring : in.facts.told[i].last_fire().rings)
      for (const GeoPoint& p : ring) extent.add(p);
  if (!extent.known())
    for (const RecordSource& source : in.incident.records)
      for (const NamedPoint& station : source.stations) extent.add(station.point);
  if (!extent.known()) return std::nullopt;
  return extent.with_margin();
}

// ---- layers -------------------------------------------------------------------------------------

bool draw_relief(Svg& svg, const View& view, const std::optional<formats::Grid>& grid) {
  if (!grid || grid->cols == 0 || grid->rows == 0) return false;
  const std::string png = relief_png(*grid);
  if (png.empty()) return false;
  const Point2 corner = view.at({grid->north(), grid->west});
  const Point2 other = view.at({grid->south, grid->east()});
  svg.raw(fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,{}\"/>\n",
      tenth(corner.x), tenth(corner.y), tenth(other.x - corner.x), tenth(other.y - corner.y), base64(png)));
  return true;
}

bool draw_roads(Svg& svg, const View& view, const std::string& geojson) {
  if (geojson.empty()) return false;
  const auto json = nlohmann::json::parse(geojson, nullptr, false);
  if (!json.is_object() || !json.contains("features") || !json["features"].is_array()) return false;
  std::string d;
  std::size_t points = 0;
  for (const auto& feature : json["features"]) {
    if (!feature.is_object() || !feature.contains("geometry") || !feature["geometry"].is_object()) continue;
    const auto& geometry = feature["geometry"];
    if (!geometry.contains("coordinates") || !geometry["coordinates"].is_array()) continue;
    std::vector<Point2> line;
    for (const auto& c : geometry["coordinates"])
      if (c.is_array() && c.size() >= 2 && c[0].is_number() && c[1].is_number())
        line.push_back(view.at({c[1].get<double>(), c[0].get<double>()}));
    const bool seen = std::any_of(line.begin(), line.end(), [&](Point2 p) { return view.holds(p); });
    if (!seen || points + line.size() > kRoadPointsMax) continue;
    points += line.size();
    d += polyline(line);
  }
  svg.path(d, "fill=\"none\" stroke=\"#fff\" stroke-width=\"3.2\" stroke-linejoin=\"round\"");
  svg.path(d, "fill=\"none\" stroke=\"#7d7667\" stroke-width=\"1.4\" stroke-linejoin=\"round\"");
  return !d.empty();
}

struct Dots {
  std::array<std::string, kTimeColours> d;
};

// Hotspots of one origin: a mark a place of the picture and colour, so that a pile of pixels costs one mark.
std::array<Dots, 4> gather(const ReportInput& in, const View& view, const TimeScale& colour,
                           MapFigure& figure) {
  std::array<Dots, 4> dots;
  std::set<std::tuple<int, int, int, int>> taken;
  for (const SeenHotspot& h : in.news.hotspots.items()) {
    const Point2 p = view.at({static_cast<double>(h.lat), static_cast<double>(h.lon)});
    if (!view.holds(p)) continue;
    ++figure.hotspots_inside;
    const auto bin =
        static_cast<std::size_t>(std::clamp(colour(h.time), 0.0, static_cast<double>(kTimeColours) - 1.0));
    const auto origin = static_cast<std::size_t>(h.provenance);
    const bool fresh = taken
                           .insert({static_cast<int>(p.x / 1.5), static_cast<int>(p.y / 1.5),
                                    static_cast<int>(bin), static_cast<int>(origin)})
                           .second;
    if (!fresh) continue;
    std::string& d = dots[origin].d[bin];
    if (h.provenance == datum::Provenance::kSimulated)
      d += fmt::format("M{} {}h5m-2.5-2.5v5", tenth(p.x - 2.5), tenth(p.y));
    else
      d += fmt::format("M{} {}h0", tenth(p.x), tenth(p.y));
  }
  return dots;
}

void draw_marks(Svg& svg, const Dots& dots, datum::Provenance provenance) {
  constexpr std::string_view kRound = "fill=\"none\" stroke-linecap=\"round\"";
  for (std::size_t bin = 0; bin < kTimeColours; ++bin) {
    const std::string& d = dots.d[bin];
    const std::string colour = fmt::format("stroke=\"{}\"", kColours[bin]);
    switch (provenance) {
      case datum::Provenance::kObserved:  // full
        svg.path(d, fmt::format("{} stroke=\"#3a1206\" stroke-width=\"4.8\"", kRound));
        svg.path(d, fmt::format("{} {} stroke-width=\"3.8\"", kRound, colour));
        break;
      case datum::Provenance::kReconstructed:  // a ring
        svg.path(d, fmt::format("{} {} stroke-width=\"7.6\"", kRound, colour));
        svg.path(d, fmt::format("{} stroke=\"#fff\" stroke-width=\"5\"", kRound));
        break;
      case datum::Provenance::kSimulated:  // a cross
        svg.path(d, fmt::format("{} {} stroke-width=\"1.6\"", kRound, colour));
        break;
      case datum::Provenance::kWhatIf:  // a square
        svg.path(d, fmt::format("fill=\"none\" stroke-linecap=\"square\" {} stroke-width=\"4\"", colour));
        break;
    }
  }
}

void draw_ring(Svg& svg, const View& view, const Message& m, std::string_view attributes,
               std::string_view tip) {
  std::string d;
  for (const datum::Ring& ring : m.rings) {
    std::vector<Point2> points;
    for (const GeoPoint& p : ring) points.push_back(view.at(p));
    d += polyline(points, true);
  }
  svg.path(d, attributes, tip);
}

void draw_areas(Svg& svg, const View& view, const ReportFacts& facts) {
  std::string rest;
  for (std::size_t i = facts.shown(); i < facts.told.size() && i < kSmallEventsMax; ++i) {
    const Point2 p = view.at(facts.told[i].last_fire().centre);
    if (view.holds(p)) rest += fmt::format("M{} {}h4v4h-4z", tenth(p.x - 2), tenth(p.y - 2));
  }
  svg.path(rest, "fill=\"none\" stroke=\"#7a0019\" stroke-width=\"0.8\"");
  for (std::size_t i = facts.shown(); i-- > 0;) {
    const ToldEvent& event = facts.told[i];
    const char* style = event.cancelled()
                            ? "fill=\"none\" stroke=\"#555\" stroke-width=\"1.4\" stroke-dasharray=\"5 3\""
                            : "fill=\"#c8001e\" fill-opacity=\"0.13\" stroke=\"#a30019\" stroke-width=\"2\"";
    draw_ring(svg, view, event.last_fire(), style, fmt::format("Fire {}", i + 1));
    if (event.story->messages.size() > 1)
      draw_ring(svg, view, event.story->messages.front(),
                "fill=\"none\" stroke=\"#a30019\" stroke-width=\"1.2\" stroke-dasharray=\"2 2\"", "");
  }
}

struct Box {
  double x0, y0, x1, y1;
};

class Labels {
 public:
  Labels(Svg& svg, const View& view) : svg_(svg), view_(view) {}
  void reserve(Box box) { taken_.push_back(box); }
  bool put(Point2 p, std::string_view name, double size, std::string_view attributes) {
    double width = 0.0;  // CJK letters are as wide as high
    for (const char c : name) width += (c & 0x80) == 0 ? 0.56 : (c & 0x40) != 0 ? 0.9 : 0.0;
    width *= size;
    for (const bool right : {true, false}) {
      const double x = right ? p.x + 5.0 : p.x - 5.0 - width;
      const Box box{x, p.y - size * 0.7, x + width, p.y + size * 0.4};
      const bool fits = box.x0 >= 2 && box.x1 <= kWidth - 2 && box.y0 >= 2 && box.y1 <= view_.height() - 2;
      const bool free = std::none_of(taken_.begin(), taken_.end(), [&](const Box& b) {
        return box.x0 < b.x1 && b.x0 < box.x1 && box.y0 < b.y1 && b.y0 < box.y1;
      });
      if (!fits || !free) continue;
      taken_.push_back(box);
      svg_.text(x, p.y + size * 0.33, name, attributes);
      return true;
    }
    return false;
  }

 private:
  Svg& svg_;
  const View& view_;
  std::vector<Box> taken_;
};

// The worst first; a number that would cover another one is left out.
void draw_event_numbers(Labels& labels, Svg& svg, const View& view, const ReportFacts& facts) {
  constexpr double kRadius = 8.0;
  if (facts.told.size() == 1) return;
  std::vector<Point2> drawn;
  for (std::size_t i = 0; i < facts.shown(); ++i) {
    const Point2 p = view.at(facts.told[i].last_fire().centre);
    const bool covers = std::any_of(drawn.begin(), drawn.end(), [&](Point2 q) {
      return std::hypot(p.x - q.x, p.y - q.y) < 2.0 * kRadius;
    });
    if (!view.holds(p) || covers) continue;
    drawn.push_back(p);
    svg.circle(p.x, p.y, kRadius, "fill=\"#fff\" stroke=\"#a30019\" stroke-width=\"1.4\"");
    svg.text(p.x, p.y + 3.6, std::to_string(i + 1), "class=\"mark\" text-anchor=\"middle\"");
    labels.reserve({p.x - kRadius, p.y - kRadius, p.x + kRadius, p.y + kRadius});
  }
}

void draw_places(Labels& labels, Svg& svg, const View& view, const std::vector<NamedPoint>& places) {
  std::vector<const NamedPoint*> order;
  for (const NamedPoint& place : places)
    if (view.holds(view.at(place.point))) order.push_back(&place);
  std::stable_sort(order.begin(), order.end(), [](const NamedPoint* a, const NamedPoint* b) {
    return a->population.value_or(0) > b->population.value_or(0);
  });
  std::size_t told = 0;
  for (const NamedPoint* place : order) {
    const Point2 p = view.at(place->point);
    const bool large = place->population.value_or(0) >= 20'000;
    if (told >= kPlaceLabelsMax) break;
    if (!labels.put(p, place->name, large ? 14 : 11, large ? "class=\"place large\"" : "class=\"place\""))
      continue;
    svg.circle(p.x, p.y, large ? 3.2 : 2.4, "fill=\"#fff\" stroke=\"#111\" stroke-width=\"1.3\"");
    ++told;
  }
}

void draw_stations(Svg& svg, const View& view, const Incident& incident) {
  for (const RecordSource& source : incident.records) {
    for (const NamedPoint& station : source.stations) {
      const Point2 p = view.at(station.point);
      if (!view.holds(p)) continue;
      svg.path(fmt::format("M{} {}l5 8h-10z", tenth(p.x), tenth(p.y - 5)),
               "fill=\"#1b6ca8\" stroke=\"#fff\" stroke-width=\"1\"", station.name);
    }
  }
}

// The largest 1, 2 or 5 times a power of ten that is not over `most`.
double round_under(double most) {
  const double power = std::pow(10.0, std::floor(std::log10(most)));
  return most >= 5.0 * power ? 5.0 * power : most >= 2.0 * power ? 2.0 * power : power;
}

void draw_scale_and_north(Svg& svg, const View& view, bool us_units) {
  const double unit_m = us_units ? 1609.344 : 1000.0;
  const double length = round_under(kWidth * 0.25 * view.metres_per_unit() / unit_m);
  const double width = length * unit_m / view.metres_per_unit();
  const double y = view.height() - 14;
  svg.rect(8, y - 20, width + 20, 30, "fill=\"#fff\" fill-opacity=\"0.8\" rx=\"3\"");
  svg.path(fmt::format("M18 {0}v6h{1}v-6", tenth(y - 3), tenth(width)),
           "fill=\"none\" stroke=\"#111\" stroke-width=\"1.6\"");
  svg.text(18 + width / 2, y - 6, fmt::format("{:g} {}", length, us_units ? "mi" : "km"),
           "class=\"axis\" text-anchor=\"middle\"");
  svg.circle(kWidth - 24, 27, 17, "fill=\"#fff\" fill-opacity=\"0.8\"");
  svg.path(fmt::format("M{} 13l6 20-6-5-6 5z", tenth(kWidth - 24)), "fill=\"#111\"");
  svg.text(kWidth - 24, 42, "N", "class=\"axis\" text-anchor=\"middle\" font-weight=\"bold\"");
}

void draw_graticule(Svg& svg, const View& view) {
  const BoundingBox& b = view.box();
  for (const Tick& t : number_ticks(b.west, b.east, 5)) {
    const double x = (t.at - b.west) / (b.east - b.west) * kWidth;
    svg.line(x, 0, x, view.height(), "stroke=\"#000\" stroke-opacity=\"0.13\" stroke-width=\"0.6\"");
    if (x > 30 && x < kWidth - 70) svg.text(x + 2, 9, t.label + "°", "class=\"grid\"");
  }
  for (const Tick& t : number_ticks(b.south, b.north, 5)) {
    const double y = (b.north - t.at) / (b.north - b.south) * view.height();
    svg.line(0, y, kWidth, y, "stroke=\"#000\" stroke-opacity=\"0.13\" stroke-width=\"0.6\"");
    if (y > 16 && y < view.height() - 50) svg.text(3, y - 2, t.label + "°", "class=\"grid\"");
  }
}

void draw_legend(Svg& svg, const ReportInput& in, Instant first, Instant last, double top) {
  const LocalClock clock(in.incident.utc_offset_min);
  svg.text(0, top + 15, "Hotspots 热点", "class=\"axis\" font-weight=\"bold\"");
  for (std::size_t i = 0; i < kTimeColours; ++i)
    svg.rect(92 + 22.0 * static_cast<double>(i), top + 5, 22, 12, fmt::format("fill=\"{}\"", kColours[i]));
  svg.text(232, top + 15, fmt::format("{} → {} {}", clock.stamp(first), clock.stamp(last), clock.zone()),
           "class=\"axis\"");
  double x = 0;
  const double y = top + 32;
  static constexpr std::array<datum::Provenance, 4> kAll = {
      datum::Provenance::kObserved, datum::Provenance::kReconstructed, datum::Provenance::kSimulated,
      datum::Provenance::kWhatIf};
  for (const auto provenance : kAll) {
    const bool present = std::any_of(in.news.sources.begin(), in.news.sources.end(),
                                     [&](const auto& s) { return std::get<2>(s.first) == provenance; });
    if (!present) continue;
    Dots dots;
    dots.d[3] = provenance == datum::Provenance::kSimulated
                    ? fmt::format("M{} {}h5m-2.5-2.5v5", tenth(x + 3), tenth(y))
                    : fmt::format("M{} {}h0", tenth(x + 5.5), tenth(y));
    draw_marks(svg, dots, provenance);
    const Bilingual words = provenance_words(provenance);
    svg.text(x + 13, y + 4, words.en + " " + words.zh, "class=\"axis\"");
    x += 118;
  }
  svg.path(fmt::format("M{} {}h18", tenth(x), tenth(y)), "stroke=\"#a30019\" stroke-width=\"2.4\"");
  svg.text(x + 23, y + 4, "last area 最后范围", "class=\"axis\"");
  svg.path(fmt::format("M{} {}h18", tenth(x + 136), tenth(y)),
           "stroke=\"#a30019\" stroke-width=\"1.4\" stroke-dasharray=\"2 2\"");
  svg.text(x + 159, y + 4, "first 首次", "class=\"axis\"");
  const bool stations = std::any_of(in.incident.records.begin(), in.incident.records.end(),
                                    [](const RecordSource& s) { return !s.stations.empty(); });
  if (!stations) return;
  svg.path(fmt::format("M{} {}l5 8h-10z", tenth(x + 230), tenth(y - 4)), "fill=\"#1b6ca8\"");
  svg.text(x + 239, y + 4, "station 站点", "class=\"axis\"");
}

}  // namespace

std::string relief_png(const formats::Grid& grid) {
  if (grid.cols == 0 || grid.rows == 0 || grid.values.size() != grid.cols * grid.rows) return {};
  const Heights heights = heights_of(grid);
  if (heights.cols == 0 || heights.rows == 0) return {};
  const Picture picture = relief(heights);
  return picture.rgba.empty() ? std::string() : png_bytes(picture);
}

std::optional<MapFigure> map_figure(const ReportInput& in) {
  const auto box = box_of(in);
  if (!box) return std::nullopt;
  const View view(*box);
  Instant first{}, last{};
  const auto& hotspots = in.news.hotspots.items();
  for (std::size_t i = 0; i < hotspots.size(); ++i) {
    first = i == 0 ? hotspots[i].time : std::min(first, hotspots[i].time);
    last = i == 0 ? hotspots[i].time : std::max(last, hotspots[i].time);
  }
  const double legend = hotspots.empty() ? 0.0 : 44.0;
  MapFigure figure;
  Svg svg(kWidth, view.height() + legend, "Map of the hotspots and the areas of the alerts", "map");
  svg.raw(
      fmt::format("<defs><clipPath id=\"map-frame\"><rect x=\"0\" y=\"0\" width=\"{0}\" "
                  "height=\"{1}\"/></clipPath></defs>\n"
                  "<g clip-path=\"url(#map-frame)\">\n",
                  tenth(kWidth), tenth(view.height())));
  svg.rect(0, 0, kWidth, view.height(), "fill=\"#eef1ea\"");
  figure.relief = draw_relief(svg, view, in.incident.elevation);
  draw_graticule(svg, view);
  figure.roads = draw_roads(svg, view, in.incident.roads_geojson);
  const auto dots = gather(in, view, TimeScale(first, last, 0.0, static_cast<double>(kTimeColours)), figure);
  for (const auto provenance : {datum::Provenance::kSimulated, datum::Provenance::kReconstructed,
                                datum::Provenance::kWhatIf, datum::Provenance::kObserved})
    draw_marks(svg, dots[static_cast<std::size_t>(provenance)], provenance);
  draw_areas(svg, view, in.facts);
  draw_stations(svg, view, in.incident);
  Labels labels(svg, view);
  labels.reserve({kWidth - 44, 0, kWidth, 48});
  labels.reserve({0, view.height() - 40, 230, view.height()});
  draw_event_numbers(labels, svg, view, in.facts);
  draw_places(labels, svg, view, in.incident.places);
  draw_scale_and_north(svg, view, in.incident.us_units);
  svg.raw("</g>\n");
  svg.rect(0.5, 0.5, kWidth - 1, view.height() - 1, "fill=\"none\" stroke=\"#444\"");
  if (!hotspots.empty()) draw_legend(svg, in, first, last, view.height());
  figure.svg = std::move(svg).finish();
  return figure;
}

}  // namespace skywarden::app
