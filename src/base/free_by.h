// An object of a C library, freed by that library's function: std::unique_ptr<BIO, FreeBy<BIO_free>>.
#pragma once

namespace skywarden {

template <auto kFree>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace skywarden
