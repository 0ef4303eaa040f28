#include "bindings/row_calls.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <vector>

#include "bindings/one_row.hpp"
#include "bindings/register.hpp"
#include "bindings/turn.hpp"

namespace gradstream::bindings {
namespace {

struct OneRow {
  PyObject head;  // NOLINT: the layout CPython asks for
  RowCalls* calls;
  PyObject* owner;
  PyObject* values;
  PyObject* turn;  // null: not open to learning
  EstimatorTurn* taken;
};

OneRow& self_of(PyObject* self) { return *reinterpret_cast<OneRow*>(self); }

/// Room for a row's margins: on the stack for all but very many classes.
class Margins {
 public:
  explicit Margins(std::int64_t columns) : columns_(columns) {
    if (columns > static_cast<std::int64_t>(few_.size())) many_.resize(static_cast<std::size_t>(columns));
  }
  double* data() { return many_.empty() ? few_.data() : many_.data(); }
  std::int64_t largest() {
    return std::max_element(data(), data() + columns_) - data();  // the first of equals, as argmax
  }

 private:
  std::int64_t columns_;
  std::array<double, 16> few_;
  std::vector<double> many_;
};

/// f(), with what C++ throws as Python's exception.
template <class F>
PyObject* guarded(F&& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

/// The end of a learner's turn, however the call ends.
class TurnEnd {
 public:
  explicit TurnEnd(EstimatorTurn& turn) : turn_(turn) {}
  ~TurnEnd() { turn_.give(); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

 private:
  EstimatorTurn& turn_;
};

PyObject* learn(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    OneRow& row = self_of(self);
    if (count != 3) throw py::type_error("learn(x, y, sample_weight)");
    if (row.taken == nullptr || !row.taken->take()) Py_RETURN_FALSE;
    const TurnEnd end(*row.taken);
    return PyBool_FromLong(row.calls->learn_row(args[0], args[1], args[2], row.values) ? 1 : 0);
  });
}

/// f(margins, columns) of a row, or None.
template <class F>
PyObject* of_margins(PyObject* self, PyObject* x, F&& f) {
  return guarded([&]() -> PyObject* {
    RowCalls& calls = *self_of(self).calls;
    Margins margins(calls.columns());
    if (!calls.report_row(x, margins.data())) Py_RETURN_NONE;
    return f(margins);
  });
}

PyObject* margin(PyObject* self, PyObject* x) {
  return of_margins(self, x, [](Margins& margins) { return PyFloat_FromDouble(margins.data()[0]); });
}

PyObject* code(PyObject* self, PyObject* x) {
  const bool two = self_of(self).calls->columns() == 1;
  return of_margins(self, x, [&](Margins& margins) {
    return PyLong_FromLongLong(two ? (margins.data()[0] > 0.0 ? 1 : 0) : margins.largest());
  });
}

/// A new array of float64, (n,) or (1, n); pybind11's own way takes twice as long.
PyObject* new_array(int dimensions, const double* values, py::ssize_t n) {
  const auto& numpy = py::detail::npy_api::get();
  const Py_intptr_t shape[2] = {dimensions == 1 ? n : 1, n};
  Py_INCREF(description<double>());  // the array takes it
  PyObject* array = numpy.PyArray_NewFromDescr_(numpy.PyArray_Type_, description<double>(), dimensions, shape, nullptr,
                                                nullptr, 0, nullptr);
  if (array != nullptr) std::copy_n(values, n, reinterpret_cast<double*>(py::detail::array_proxy(array)->data));
  return array;
}

PyObject* margins(PyObject* self, PyObject* x) {
  const py::ssize_t columns = self_of(self).calls->columns();
  return of_margins(self, x, [&](Margins& margins) { return new_array(2, margins.data(), columns); });
}

PyObject* sigmoid(PyObject* self, PyObject* x) {
  if (self_of(self).calls->columns() > 1) Py_RETURN_NONE;
  return of_margins(self, x, [](Margins& margins) {
    const double z = margins.data()[0];
    const double p[2] = {1.0 / (1.0 + std::exp(z)), 1.0 / (1.0 + std::exp(-z))};
    return new_array(1, p, 2);
  });
}

PyObject* open(PyObject* self, PyObject* turn) {
  return guarded([&]() -> PyObject* {
    OneRow& row = self_of(self);
    row.taken = &py::cast<EstimatorTurn&>(py::handle(turn));
    Py_INCREF(turn);
    Py_XSETREF(row.turn, turn);
    Py_RETURN_NONE;
  });
}

PyObject* close(PyObject* self, PyObject*) {
  self_of(self).taken = nullptr;
  Py_CLEAR(self_of(self).turn);
  Py_RETURN_NONE;
}

void destroy(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  OneRow& row = self_of(self);
  Py_XDECREF(row.turn);
  Py_XDECREF(row.values);
  Py_XDECREF(row.owner);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef kMethods[] = {
    {"learn", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&learn)), METH_FASTCALL, nullptr},
    {"margin", &margin, METH_O, nullptr},
    {"margins", &margins, METH_O, nullptr},
    {"code", &code, METH_O, nullptr},
    {"sigmoid", &sigmoid, METH_O, nullptr},
    {"open", &open, METH_O, nullptr},
    {"close", &close, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_methods, kMethods}, {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)}, {0, nullptr}};

PyType_Spec kType = {"gradstream._core.OneRow", sizeof(OneRow), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, kSlots};

PyObject* one_row_type = nullptr;

}  // namespace

py::object new_one_row(py::handle owner, RowCalls& calls, const py::dict& values) {
  auto* const type = reinterpret_cast<PyTypeObject*>(one_row_type);
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) throw py::error_already_set();
  OneRow& row = self_of(self);
  row.calls = &calls;
  row.owner = owner.inc_ref().ptr();
  row.values = py::handle(values).inc_ref().ptr();
  row.turn = nullptr;
  row.taken = nullptr;
  return py::reinterpret_steal<py::object>(self);
}

void register_one_row(py::module_& m) {
  one_row_type = PyType_FromSpec(&kType);
  if (one_row_type == nullptr) throw py::error_already_set();
  m.attr("OneRow") = py::handle(one_row_type);
  py::class_<EstimatorTurn>(m, "Turn")
      .def(py::init<std::string>(), py::arg("owner"))
      .def("__enter__", &EstimatorTurn::enter)
      .def("__exit__",
           [](EstimatorTurn& turn, const py::object&, const py::object&, const py::object&) { turn.give(); })
      .def_property_readonly("taken", &EstimatorTurn::taken);
}

}  // namespace gradstream::bindings
