// What runs here: instruction set, threads, build.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bindings/register.hpp"
#include "kernels/select.hpp"
#include "kernels/table.hpp"
#include "parallel/parallel_for.hpp"

namespace gradstream::bindings {

namespace py = pybind11;

namespace {

void use_isa(const std::string& name) {
  if (kernels::use_isa(name)) return;
  std::string known;
  for (const std::string& available : kernels::available_isas()) known += (known.empty() ? "" : ", ") + available;
  throw py::value_error("isa='" + name + "' is not available on this machine; available: " + known);
}

py::dict build_info() {
  py::dict info;
  info["version"] = GRADSTREAM_VERSION;
#if defined(__clang__)
  info["compiler"] = std::string("Clang ") + __clang_version__;
#elif defined(__GNUC__)
  info["compiler"] = std::string("GCC ") + __VERSION__;
#elif defined(_MSC_VER)
  info["compiler"] = "MSVC " + std::to_string(_MSC_VER);
#endif
  info["parallel"] = parallel::backend();
  info["isa_not_followed"] = kernels::selection_problem();
#if defined(GRADSTREAM_SANITIZER)
  info["sanitizer"] = GRADSTREAM_SANITIZER;
#endif
  return info;
}

}  // namespace

void register_machine(py::module_& m) {
  m.def("isa", [] { return std::string(kernels::table().name); });
  m.def("available_isas", &kernels::available_isas);
  m.def("use_isa", &use_isa, py::arg("name"));
  m.def("max_threads", &parallel::max_threads);
  m.def("build_info", &build_info);
}

}  // namespace gradstream::bindings
