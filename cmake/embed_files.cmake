# Writes OUTPUT, which takes the FILES below FOLDER into the program; see embed.cmake.
set(labels "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 32 tag)
  string(APPEND labels
    "    \"skywarden_${NAME}_${number}_begin:\\n.incbin \\\"${FOLDER}/${file}\\\"\\n\"\n"
    "    \"skywarden_${NAME}_${number}_end:\\n.byte 0\\n\"\n")
  string(APPEND externs
    "extern const char skywarden_${NAME}_${number}_begin[];\n"
    "extern const char skywarden_${NAME}_${number}_end[];\n")
  string(APPEND rows
    "      {\"/${file}\", \"\\\"${tag}\\\"\",\n"
    "       {skywarden_${NAME}_${number}_begin,\n"
    "        static_cast<std::size_t>(skywarden_${NAME}_${number}_end - skywarden_${NAME}_${number}_begin)}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
"// Generated from ${NAME}; see cmake/embed.cmake.
#include \"${NAME}.h\"

#include <cstddef>

extern \"C\" {
${externs}}

__asm__(
    \".pushsection .rodata\\n\"
${labels}    \".popsection\\n\");

namespace skywarden {

std::span<const shell::EmbeddedAsset> ${NAME}() {
  static const shell::EmbeddedAsset assets[] = {
${rows}  };
  return assets;
}

}  // namespace skywarden
")
