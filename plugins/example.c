/* An example of a plug-in, with all three kinds of work; the tests load it. Its engine multiplies, its
 * completion method continues the line through the last two known values, its detector marks what lies far
 * outside the range of the rows before. A model file "fails" opens and then fails at every run. */
#include <stdlib.h>
#include <string.h>

#include "serving/plugin_abi.h"

#ifndef EXAMPLE_VERSION
#define EXAMPLE_VERSION "1"
#endif
#ifndef EXAMPLE_FACTOR
#define EXAMPLE_FACTOR 2
#endif
#ifndef EXAMPLE_ABI
#define EXAMPLE_ABI SKYWARDEN_PLUGIN_ABI
#endif

static void say(char* why, size_t why_size, const char* text) {
  if (why_size == 0) return;
  strncpy(why, text, why_size - 1);
  why[why_size - 1] = '\0';
}

/* ---- engine */

struct model {
  int fails;
};

static void* open_model(const char* path, char* why, size_t why_size) {
  struct model* model = NULL;
  const char* name = strrchr(path, '/');
  name = name == NULL ? path : name + 1;
  if (strcmp(name, "absent") == 0) {
    say(why, why_size, "no such model");
    return NULL;
  }
  model = malloc(sizeof(*model));
  if (model != NULL) model->fails = strcmp(name, "fails") == 0;
  return model;
}

static void close_model(void* model) {
  free(model);
}

static int widths(void* model, uint32_t* width_in, uint32_t* width_out, char* why, size_t why_size) {
  (void)model, (void)why, (void)why_size;
  *width_in = *width_out = 2;
  return 0;
}

static int run(void* opened, const float* in, uint32_t rows, float* out, char* why, size_t why_size) {
  const struct model* model = opened;
  if (model->fails) {
    say(why, why_size, "this model always fails\nand says so in two lines");
    return 1;
  }
  for (uint32_t i = 0; i < 2 * rows; ++i) out[i] = EXAMPLE_FACTOR * in[i];
  return 0;
}

/* ---- completion and detection */

struct stream {
  uint32_t field_count;
  skywarden_field fields[512];
};

static void* open_stream(const char* schema, const skywarden_field* fields, uint32_t field_count, char* why,
                         size_t why_size) {
  struct stream* stream = NULL;
  if (strcmp(schema, "unwanted") == 0 || field_count > 512) {
    say(why, why_size, "not for this schema");
    return NULL;
  }
  stream = malloc(sizeof(*stream));
  if (stream == NULL) return NULL;
  stream->field_count = field_count;
  memcpy(stream->fields, fields, field_count * sizeof(*fields)); /* names are not read later */
  return stream;
}

static void close_stream(void* stream) {
  free(stream);
}

static int complete(void* opened, const skywarden_cell* before, uint32_t rows, skywarden_cell* newest,
                    char* why, size_t why_size) {
  const struct stream* stream = opened;
  (void)why, (void)why_size;
  for (uint32_t f = 0; f < stream->field_count; ++f) {
    double values[2];
    uint32_t known = 0;
    if (stream->fields[f].kind != SKYWARDEN_NUMBER || newest[f].state == SKYWARDEN_OBSERVED) continue;
    for (uint32_t row = rows; row > 0 && known < 2; --row) {
      const skywarden_cell* cell = &before[(row - 1) * stream->field_count + f];
      if (cell->state == SKYWARDEN_OBSERVED) values[known++] = cell->value;
    }
    if (known < 2) continue;
    double value = values[0] + (values[0] - values[1]);
    const double step = values[0] > values[1] ? values[0] - values[1] : values[1] - values[0];
    if (value < stream->fields[f].lowest) value = stream->fields[f].lowest;
    if (value > stream->fields[f].highest) value = stream->fields[f].highest;
    newest[f].value = value;
    newest[f].low = value - step;
    newest[f].high = value + step;
    newest[f].state = SKYWARDEN_ESTIMATED;
  }
  return 0;
}

static int score(void* opened, const skywarden_cell* before, uint32_t rows, const skywarden_cell* newest,
                 double* scores, char* why, size_t why_size) {
  const struct stream* stream = opened;
  (void)why, (void)why_size;
  for (uint32_t f = 0; f < stream->field_count; ++f) {
    double low = 0.0, high = 0.0;
    uint32_t known = 0;
    scores[f] = 0.0;
    if (stream->fields[f].kind != SKYWARDEN_NUMBER || newest[f].state != SKYWARDEN_OBSERVED) continue;
    for (uint32_t row = 0; row < rows; ++row) {
      const skywarden_cell* cell = &before[row * stream->field_count + f];
      if (cell->state != SKYWARDEN_OBSERVED) continue;
      if (known == 0 || cell->value < low) low = cell->value;
      if (known == 0 || cell->value > high) high = cell->value;
      ++known;
    }
    const double range = high - low;
    if (known >= 4 && (newest[f].value > high + 2 * range || newest[f].value < low - 2 * range))
      scores[f] = 1.0;
  }
  return 0;
}

static const skywarden_engine engine = {sizeof(engine), open_model, close_model, widths, run};
static const skywarden_completer completer = {sizeof(completer), open_stream, close_stream, complete};
static const skywarden_detector detector = {sizeof(detector), open_stream, close_stream, score};
static const skywarden_plugin plugin = {EXAMPLE_ABI, sizeof(plugin), "example", EXAMPLE_VERSION,
                                        &engine,     &completer,     &detector};

__attribute__((visibility("default"))) const skywarden_plugin* skywarden_plugin_entry(char* why,
                                                                                      size_t why_size);
const skywarden_plugin* skywarden_plugin_entry(char* why, size_t why_size) {
#ifdef EXAMPLE_REFUSES
  say(why, why_size, "this example does not begin");
  return NULL;
#else
  (void)why, (void)why_size;
  return &plugin;
#endif
}
