// Text as numbers, the same in training and in flight: words, runs of characters and classes of words are
// hashed into a fixed number of places (the hashing trick, Weinberger et al. 2009), so no vocabulary has to
// fly and a word never seen before costs nothing. Any script: case is folded for Latin, Greek and Cyrillic,
// full-width forms are read as plain ones, and scripts without spaces (Han, kana, Thai …) are cut into single
// characters and pairs. Accents written in two ways are two spellings: text is not normalised. Nothing is
// said to be understood here.
//
// Places are weighted by TF-IDF (Salton and Buckley 1988), smoothed, and a text has length 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace skywarden::onboard {

struct TextFeature {
  std::uint32_t place = 0;  // below TextOptions::places()
  float weight = 0.0F;      // signed: the hash gives the sign, so that collisions cancel rather than add up
  friend bool operator==(const TextFeature&, const TextFeature&) = default;
};

struct TextOptions {
  unsigned bits = 12;  // 2^bits places; at most 20
  bool words = true, ngrams = true, classes = true;
  std::size_t ngram_min = 3, ngram_max = 5;  // code points, with a mark at either end of a word
  std::size_t bytes_max = 4096;              // of a text; the rest is not looked at
  std::size_t tokens_max = 1024;
  [[nodiscard]] std::uint32_t places() const { return std::uint32_t{1} << bits; }
};

// Counts of a text as 1 + ln(count), by place. Empty for an empty text and for bytes that are not UTF-8.
[[nodiscard]] std::vector<TextFeature> text_features(std::string_view text, const TextOptions& options = {});

// How rare each place is among the texts seen so far.
class TextWeights {
 public:
  explicit TextWeights(const TextOptions& options = {});
  void learn(const std::vector<TextFeature>& features);
  // TF-IDF of length 1, or nothing for nothing.
  [[nodiscard]] std::vector<TextFeature> weigh(std::vector<TextFeature> features) const;
  [[nodiscard]] std::size_t texts() const { return texts_; }

 private:
  std::vector<std::uint32_t> texts_with_;  // of places
  std::size_t texts_ = 0;
};

}  // namespace skywarden::onboard
