// Runs a fuzz target on every file below the folders given, without libFuzzer: corpora are tests too, and the targets
// cannot rot. Fails when there was nothing to run.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (!in) return std::fprintf(stderr, "%s: cannot read it\n", entry.path().c_str()), 1;
      // The name comes first, so that it is the last line when the target ends the program.
      std::fprintf(stderr, "%s\n", entry.path().c_str());
      LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(text.data()), text.size());
      ++files;
    }
  std::fprintf(stderr, "%zu files\n", files);
  return files > 0 ? 0 : 1;
}
