// One record of a stream: a time and a field for each of the schema's fields, in the schema's order.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "datum/field.h"
#include "datum/provenance.h"

namespace skywarden::datum {

struct Record {
  std::string stream;  // the station or instrument it belongs to
  Instant time{};
  std::vector<Field> fields;  // as many as the schema has
  Provenance provenance = Provenance::kObserved;
};

}  // namespace skywarden::datum
