#include "test/source_directory.hpp"

namespace smtpspec {

std::string source_directory() { return SMTPSPEC_SOURCE_DIR; }

}  // namespace smtpspec
