//! `shape`: see `_native.pyi`.
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// See `_native.pyi`. Literals become Python objects when they are asked for only.
#[pyclass(frozen)]
struct Shape {
    #[pyo3(get)]
    skeleton: Py<PyBytes>,
    #[pyo3(get)]
    literals: Vec<(usize, usize)>,
    text: Py<PyBytes>,
}

#[pymethods]
impl Shape {
    fn values<'py>(&self, py: Python<'py>, ordinals: Vec<usize>) -> PyResult<Bound<'py, PyTuple>> {
        let text = self.text.as_bytes(py);
        let value = |ordinal: &usize| {
            let (start, end) = self
                .literals
                .get(*ordinal)
                .ok_or_else(|| PyIndexError::new_err("no such literal"))?;
            Ok(PyBytes::new(py, &text[*start..*end]))
        };
        let values: Vec<_> = ordinals.iter().map(value).collect::<PyResult<_>>()?;
        PyTuple::new(py, values)
    }
}

#[pyfunction]
fn shape(py: Python<'_>, text: Bound<'_, PyBytes>) -> Option<Shape> {
    let found = safelight_wire::shape(text.as_bytes())?;
    Some(Shape {
        skeleton: PyBytes::new(py, &found.skeleton).unbind(),
        literals: found.literals,
        text: text.unbind(),
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Shape>()?;
    module.add_function(wrap_pyfunction!(shape, module)?)
}
