//! `scan`, `carries_masked` and `Masker`: see `_native.pyi`.
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use safelight_masking::{Applied, Context, Engine, Regions, Strategy, Tally};

/// Below this, giving up the interpreter lock costs more than it frees.
const LONG_BYTES: usize = 64 * 1024;

/// Run without the interpreter lock when the work is long.
fn detached<R: Send>(py: Python<'_>, length: usize, work: impl FnOnce() -> R + Send) -> R {
    if length > LONG_BYTES {
        py.detach(work)
    } else {
        work()
    }
}

/// See `_native.pyi`.
#[pyclass(frozen)]
pub struct Masker {
    pub engine: Arc<Engine>,
}

#[pymethods]
impl Masker {
    #[new]
    #[pyo3(signature = (*, label_key, detector_key, regions=Vec::new()))]
    fn new(label_key: &[u8], detector_key: &[u8], regions: Vec<String>) -> PyResult<Masker> {
        let key = |bytes: &[u8]| {
            <[u8; 32]>::try_from(bytes)
                .map_err(|_| PyValueError::new_err("a masking key has 32 bytes"))
        };
        Ok(Masker {
            engine: Arc::new(
                Engine::new(key(label_key)?, key(detector_key)?).with_regions(named(&regions)?),
            ),
        })
    }

    fn mask_text<'py>(
        &self,
        py: Python<'py>,
        value: &[u8],
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyDict>)> {
        let (masked, tally) = detached(py, value.len(), || {
            let (mut masked, mut tally) = (Vec::new(), Tally::new());
            let changed = self
                .engine
                .mask_into(value, &mut masked, &mut tally, Context::Text);
            (changed.then_some(masked), tally)
        });
        let counts = PyDict::new(py);
        for (name, count) in tally.iter() {
            counts.set_item(name, count)?;
        }
        Ok((PyBytes::new(py, masked.as_deref().unwrap_or(value)), counts))
    }

    fn pseudonym<'py>(
        &self,
        py: Python<'py>,
        label: &str,
        value: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        match self
            .engine
            .apply(label, Strategy::Pseudonym, value, &mut out)
        {
            Applied::Value => Ok(PyBytes::new(py, &out)),
            Applied::Null => Err(PyValueError::new_err("a pseudonym is never NULL")),
        }
    }
}

fn named(regions: &[String]) -> PyResult<Regions> {
    Regions::of(regions.iter().map(String::as_str)).map_err(|unknown| {
        PyValueError::new_err(format!(
            "no numbering plan is known for the region {unknown:?}"
        ))
    })
}

type Finding = (usize, usize, &'static str);

#[pyfunction]
#[pyo3(signature = (text, regions=Vec::new()))]
fn scan(py: Python<'_>, text: &str, regions: Vec<String>) -> PyResult<(String, Vec<Finding>)> {
    let regions = named(&regions)?;
    let redacted = detached(py, text.len(), || {
        safelight_masking::redact_in(text, &regions)
    });
    let findings = redacted
        .findings
        .iter()
        .map(|span| (span.start, span.end, span.detector.name()))
        .collect();
    Ok((redacted.text, findings))
}

#[pyfunction]
fn carries_masked(py: Python<'_>, data: &[u8]) -> bool {
    detached(py, data.len(), || safelight_masking::carries_masked(data))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Masker>()?;
    module.add_function(wrap_pyfunction!(scan, module)?)?;
    module.add_function(wrap_pyfunction!(carries_masked, module)?)
}
