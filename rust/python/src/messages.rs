//! Converts messages of topics with webhooks to Python.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Messages that were published to topics with webhooks.
#[pyclass(frozen, get_all, module = "attimo._core")]
pub(crate) struct MessageBatch {
    node: String,
    number: u64,
    messages: Vec<Py<TopicMessage>>,
    dropped: Vec<(u64, String, u64)>,
}

/// A published message.
#[pyclass(frozen, get_all, module = "attimo._core")]
pub(crate) struct TopicMessage {
    cache_id: u64,
    topic: String,
    page: u64,
    number: u64,
    published_at: u64,
    publisher: String,
    is_text: bool,
    value: Py<PyBytes>,
}

impl MessageBatch {
    pub(crate) fn new(
        py: Python<'_>,
        node: String,
        number: u64,
        batch: attimo_server::TopicBatch,
    ) -> PyResult<Self> {
        let messages = batch.messages.into_iter().map(|each| Py::new(py, shown(py, &each)));
        let dropped = batch.dropped.into_iter();
        Ok(MessageBatch {
            node,
            number,
            messages: messages.collect::<PyResult<_>>()?,
            dropped: dropped
                .map(|(cache, topic, many)| (cache.0, topic.to_string(), many))
                .collect(),
        })
    }
}

fn shown(py: Python<'_>, message: &attimo_server::TopicMessage) -> TopicMessage {
    TopicMessage {
        cache_id: message.cache.0,
        topic: message.topic.to_string(),
        page: message.page,
        number: message.number,
        published_at: message.published_at,
        publisher: message.publisher.to_string(),
        is_text: message.is_text,
        value: PyBytes::new(py, &message.value).unbind(),
    }
}
