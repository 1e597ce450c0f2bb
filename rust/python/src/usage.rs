//! Converts usage batches to Python.

use std::collections::BTreeMap;

use attimo_server::{COUNT_NAMES, COUNTS, ERROR_KINDS, Outcomes};
use pyo3::prelude::*;

/// What a node counted between two calls of `take_usage`.
#[pyclass(frozen, get_all, module = "attimo._core")]
pub(crate) struct Batch {
    node: String,
    number: u64,
    used: Vec<Py<Used>>,
}

impl Batch {
    pub(crate) fn new(
        py: Python<'_>,
        node: String,
        number: u64,
        used: Vec<attimo_server::Used>,
    ) -> PyResult<Self> {
        let used = used.into_iter().map(|used| Py::new(py, Used::from(used)));
        Ok(Batch { node, number, used: used.collect::<PyResult<_>>()? })
    }
}

/// The usage of one cache by one API key through one API since the last batch.
#[pyclass(frozen, module = "attimo._core")]
pub(crate) struct Used {
    #[pyo3(get)]
    cache_id: u64,
    #[pyo3(get)]
    key_id: String,
    #[pyo3(get)]
    api: &'static str,
    counts: [u64; COUNTS],
    outcomes: Outcomes,
}

#[pymethods]
impl Used {
    /// How many requests succeeded in how long, by the number of the bucket.
    #[getter]
    fn durations(&self) -> BTreeMap<u8, u32> {
        self.outcomes.durations.iter().copied().collect()
    }

    /// How many requests failed, by the kind of error.
    #[getter]
    fn failures(&self) -> BTreeMap<&'static str, u32> {
        let failures = self.outcomes.errors.iter();
        failures.map(|(kind, count)| (ERROR_KINDS[usize::from(*kind)], *count)).collect()
    }

    /// The counts, by name.
    #[getter]
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        COUNT_NAMES.into_iter().zip(self.counts).collect()
    }
}

impl From<attimo_server::Used> for Used {
    fn from(used: attimo_server::Used) -> Self {
        Used {
            cache_id: used.cache.map_or(0, |cache| cache.0),
            key_id: used.key_id.to_string(),
            api: used.api,
            counts: used.counts,
            outcomes: used.outcomes,
        }
    }
}
