//! `shape`: see `_native.pyi`.
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// See `_native.pyi`.
#[pyclass(frozen)]
struct Shape {
    #[pyo3(get)]
    skeleton: Py<PyBytes>,
    #[pyo3(get)]
    literals: Vec<(usize, usize)>,
}

#[pyfunction]
fn shape(py: Python<'_>, text: &[u8]) -> Option<Shape> {
    safelight_wire::shape(text).map(|found| Shape {
        skeleton: PyBytes::new(py, &found.skeleton).unbind(),
        literals: found.literals,
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Shape>()?;
    module.add_function(wrap_pyfunction!(shape, module)?)
}
