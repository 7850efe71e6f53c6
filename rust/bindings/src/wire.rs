//! `ColumnRule`, `ResultPlan`, `ServerStream` and `EXPECT_*`: see `_native.pyi`.
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use safelight_masking::Strategy;
use safelight_wire as wire;

use crate::fastpath::output;
use crate::lock::detached;
use crate::masking::Masker;

pub fn value_error(problem: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(problem.to_string())
}

#[pyclass(frozen)]
struct ColumnRule {
    rule: wire::ColumnRule,
}

#[pymethods]
impl ColumnRule {
    #[staticmethod]
    fn detect() -> Self {
        Self {
            rule: wire::ColumnRule::Detect,
        }
    }

    #[staticmethod]
    fn label(label: String, strategy: &str) -> PyResult<Self> {
        let strategy =
            Strategy::from_name(strategy).ok_or_else(|| value_error("no such masking strategy"))?;
        Ok(Self {
            rule: wire::ColumnRule::Label { label, strategy },
        })
    }

    #[staticmethod]
    fn constant() -> Self {
        Self {
            rule: wire::ColumnRule::Constant,
        }
    }

    #[staticmethod]
    fn clear(label: String) -> Self {
        Self {
            rule: wire::ColumnRule::Clear { label },
        }
    }
}

#[pyclass(frozen)]
pub struct ResultPlan {
    pub plan: Arc<wire::ResultPlan>,
    #[pyo3(get)]
    involves_labels: bool,
}

#[pymethods]
impl ResultPlan {
    #[new]
    #[pyo3(signature = (masker, *, involves_labels))]
    fn new(masker: &Masker, involves_labels: bool) -> Self {
        Self {
            plan: Arc::new(wire::ResultPlan::new(masker.engine.clone())),
            involves_labels,
        }
    }

    fn accept(&self, row_description: &[u8], rules: Vec<Py<ColumnRule>>) -> PyResult<()> {
        self.plan
            .accept(row_description, &unwrapped(&rules))
            .map_err(value_error)
    }

    #[allow(clippy::too_many_arguments)] // the options of one COPY statement
    fn copy_out(
        &self,
        format: &str,
        delimiter: &[u8],
        null: &[u8],
        quote: &[u8],
        escape: &[u8],
        header: bool,
        force_quote: bool,
        rules: Vec<Py<ColumnRule>>,
    ) -> PyResult<()> {
        let format = match format {
            "text" => wire::CopyFormat::Text,
            "csv" => wire::CopyFormat::Csv,
            "binary" => wire::CopyFormat::Binary,
            _ => return Err(value_error("no such COPY format")),
        };
        self.plan.set_copy(wire::CopyPlan::new(
            format,
            one_byte(delimiter, format != wire::CopyFormat::Binary)?,
            null.to_vec(),
            one_byte(quote, format == wire::CopyFormat::Csv)?,
            one_byte(escape, format == wire::CopyFormat::Csv)?,
            header,
            force_quote,
            &unwrapped(&rules),
        ));
        Ok(())
    }
}

fn unwrapped(rules: &[Py<ColumnRule>]) -> Vec<wire::ColumnRule> {
    rules.iter().map(|rule| rule.get().rule.clone()).collect()
}

/// An option of COPY that is one byte where it is `used`, and not looked at elsewhere.
fn one_byte(option: &[u8], used: bool) -> PyResult<u8> {
    match option {
        [byte] => Ok(*byte),
        _ if !used => Ok(0),
        _ => Err(value_error("an option of COPY that must be one byte")),
    }
}

type Outcome<'py> = (Bound<'py, PyBytes>, Bound<'py, PyList>);

#[pyclass]
pub struct ServerStream {
    pub stream: wire::ServerStream,
}

#[pymethods]
impl ServerStream {
    #[new]
    #[pyo3(signature = (*, max_message_bytes, max_row_bytes))]
    fn new(max_message_bytes: usize, max_row_bytes: usize) -> Self {
        Self {
            stream: wire::ServerStream::new(wire::Limits {
                max_message_bytes,
                max_row_bytes,
            }),
        }
    }

    fn expect(&mut self, kind: i64, plans: &Bound<'_, PyAny>, token: i64) -> PyResult<()> {
        let kind = wire::Kind::from_number(kind).ok_or_else(|| value_error("no such kind"))?;
        let plans = match plans.cast::<PyTuple>() {
            Ok(tuple) if tuple.is_empty() => Vec::new(),
            Ok(tuple) => tuple
                .iter()
                .map(|plan| Ok(plan.cast::<ResultPlan>()?.get().plan.clone()))
                .collect::<PyResult<_>>()?,
            Err(_) => plans
                .extract::<Vec<Py<ResultPlan>>>()?
                .iter()
                .map(|plan| plan.get().plan.clone())
                .collect(),
        };
        self.stream.expect(kind, plans, token).map_err(value_error)
    }

    fn feed<'py>(&mut self, py: Python<'py>, data: &Bound<'py, PyBytes>) -> PyResult<Outcome<'py>> {
        let bytes = data.as_bytes();
        let step = detached(py, bytes.len(), || self.stream.feed(bytes)).map_err(value_error)?;
        Ok((output(py, data, step.bytes), events(py, step.events)?))
    }

    #[pyo3(signature = (replacement, drop = true))]
    fn resume<'py>(
        &mut self,
        py: Python<'py>,
        replacement: &[u8],
        drop: bool,
    ) -> PyResult<Outcome<'py>> {
        let size = replacement.len() + self.stream.buffered();
        let step =
            detached(py, size, || self.stream.resume(replacement, drop)).map_err(value_error)?;
        let output = match step.bytes {
            wire::Bytes::Stretch(_) => PyBytes::new(py, b""),
            wire::Bytes::Own(own) => PyBytes::new(py, &own),
        };
        Ok((output, events(py, step.events)?))
    }

    #[getter]
    fn paused(&self) -> bool {
        self.stream.paused()
    }

    #[getter]
    fn pending(&self) -> usize {
        self.stream.pending()
    }

    #[getter]
    fn front(&self) -> i64 {
        self.stream.front()
    }

    #[getter]
    fn buffered(&self) -> usize {
        self.stream.buffered()
    }
}

pub fn events(py: Python<'_>, events: Vec<wire::Event>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for event in events {
        list.append(match event {
            wire::Event::Completed(done) => {
                let cells = PyDict::new(py);
                for (name, count) in done.found.iter() {
                    cells.set_item(name, count)?;
                }
                for (name, count) in &done.labels {
                    cells.set_item(name, count)?;
                }
                let tag = PyBytes::new(py, &done.tag);
                let detail = (tag, done.rows, done.bytes, cells);
                (done.code, done.token, detail)
                    .into_pyobject(py)?
                    .into_any()
            }
            wire::Event::Ready { token, status } => {
                (b'Z', token, status).into_pyobject(py)?.into_any()
            }
            wire::Event::Paused { code, token, body } => {
                let body = PyBytes::new(py, &body);
                (code, token, body).into_pyobject(py)?.into_any()
            }
        })?;
    }
    Ok(list)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for (name, kind) in [
        ("EXPECT_QUERY", wire::Kind::Query),
        ("EXPECT_PARSE", wire::Kind::Parse),
        ("EXPECT_BIND", wire::Kind::Bind),
        ("EXPECT_CLOSE", wire::Kind::Close),
        ("EXPECT_DESCRIBE_STATEMENT", wire::Kind::DescribeStatement),
        ("EXPECT_DESCRIBE_PORTAL", wire::Kind::DescribePortal),
        (
            "EXPECT_DESCRIBE_PORTAL_SILENT",
            wire::Kind::DescribePortalSilent,
        ),
        ("EXPECT_EXECUTE", wire::Kind::Execute),
        ("EXPECT_SYNC", wire::Kind::Sync),
        ("EXPECT_FUNCTION_CALL", wire::Kind::FunctionCall),
    ] {
        module.add(name, kind as i64)?;
    }
    module.add_class::<ColumnRule>()?;
    module.add_class::<ResultPlan>()?;
    module.add_class::<ServerStream>()
}
