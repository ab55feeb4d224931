/* What a plug-in and Skywarden say to each other: a C interface that stays the same while both change. A
 * plug-in is a shared library that exports skywarden_plugin_entry(); what that returns names its engines,
 * completion methods and detectors. docs/formats.md describes it; plugins/ has two.
 *
 * Rules. Every table begins with its own size as its author compiled it: new members come at the end only,
 * and what lies beyond the stated size is not called. A change of anything else is another
 * SKYWARDEN_PLUGIN_ABI. Functions that return int say 0 for done; anything else is a failure, with one line
 * of UTF-8 in `why` (ended by a zero byte, cut to `why_size`). Nothing throws through this interface. What
 * open() gave is used by one thread at a time, of different threads in turn, until close(). Pointers passed
 * in are good until the call returns. The tables themselves live as long as the library is loaded.
 *
 * A plug-in is native code inside the process: it is trusted like the program itself. */
#ifndef SKYWARDEN_SERVING_PLUGIN_ABI_H
#define SKYWARDEN_SERVING_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKYWARDEN_PLUGIN_ABI 1U
#define SKYWARDEN_PLUGIN_ENTRY "skywarden_plugin_entry"

/* A model from a file: rows of numbers in, rows of numbers out. */
typedef struct skywarden_engine {
  uint32_t size;
  /* `path` of the model; NULL on failure. */
  void* (*open)(const char* path, char* why, size_t why_size);
  void (*close)(void* model);
  /* Numbers of a row in and of a row out, both 1 to 65,536. */
  int (*widths)(void* model, uint32_t* width_in, uint32_t* width_out, char* why, size_t why_size);
  /* `rows` rows of width_in finite numbers one behind the other, to as many rows of width_out. */
  int (*run)(void* model, const float* in, uint32_t rows, float* out, char* why, size_t why_size);
} skywarden_engine;

enum { SKYWARDEN_NUMBER = 0, SKYWARDEN_CATEGORY = 1, SKYWARDEN_OTHER = 2 };
typedef struct skywarden_field {
  const char* name;
  const char* unit;
  uint32_t kind;
  uint32_t levels;        /* of a category */
  double lowest, highest; /* what is possible; minus and plus infinity where nothing is said */
} skywarden_field;

enum { SKYWARDEN_MISSING = 0, SKYWARDEN_OBSERVED = 1, SKYWARDEN_ESTIMATED = 2 };
typedef struct skywarden_cell {
  double value;     /* a number in the field's unit, or a level counted from 0; nothing where missing */
  double low, high; /* 90 % interval of an estimated number; of a level, low is its probability */
  uint32_t state;
  uint32_t reserved; /* 0 */
} skywarden_cell;

/* A completion method: looks at the newest record of a stream and those before it. */
typedef struct skywarden_completer {
  uint32_t size;
  /* For records of these fields; the text is copied by who needs it longer. NULL on failure. */
  void* (*open)(const char* schema, const skywarden_field* fields, uint32_t field_count, char* why,
                size_t why_size);
  void (*close)(void* method);
  /* `before`: `rows` records, oldest first, field_count cells each. `newest`: field_count cells with what the
   * methods before this one estimated; this one may fill or change those that were not observed. */
  int (*complete)(void* method, const skywarden_cell* before, uint32_t rows, skywarden_cell* newest,
                  char* why, size_t why_size);
} skywarden_completer;

/* A detector: how unusual each observed cell of the newest record is, 0 (as ever) to 1 (surely wrong). */
typedef struct skywarden_detector {
  uint32_t size;
  void* (*open)(const char* schema, const skywarden_field* fields, uint32_t field_count, char* why,
                size_t why_size);
  void (*close)(void* detector);
  int (*score)(void* detector, const skywarden_cell* before, uint32_t rows, const skywarden_cell* newest,
               double* scores, char* why, size_t why_size);
} skywarden_detector;

typedef struct skywarden_plugin {
  uint32_t abi;  /* SKYWARDEN_PLUGIN_ABI */
  uint32_t size; /* sizeof(skywarden_plugin) */
  const char* name;
  const char* version;
  const skywarden_engine* engine; /* each NULL where the plug-in has none */
  const skywarden_completer* completer;
  const skywarden_detector* detector;
} skywarden_plugin;

/* NULL: the plug-in cannot work here, with the reason in `why`. */
typedef const skywarden_plugin* (*skywarden_plugin_entry_function)(char* why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
