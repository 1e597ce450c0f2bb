//! Converts messages of topics with webhooks to Python, and what became of them from Python.

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

/// The figures of webhooks, as [`attimo_server::WebhookFigures`].
#[derive(FromPyObject)]
pub(crate) struct WebhookFigures {
    active: u64,
    open: u64,
    disabled: u64,
    delivered: u64,
    refused: u64,
    unanswered: u64,
    waiting: u64,
    waiting_bytes: u64,
    oldest: u64,
    dead: u64,
    dropped: u64,
}

impl From<WebhookFigures> for attimo_server::WebhookFigures {
    fn from(figures: WebhookFigures) -> Self {
        attimo_server::WebhookFigures {
            deliveries: [figures.delivered, figures.refused, figures.unanswered],
            webhooks: [figures.active, figures.open, figures.disabled],
            waiting: figures.waiting,
            waiting_bytes: figures.waiting_bytes,
            oldest: figures.oldest,
            dead: figures.dead,
            dropped: figures.dropped,
        }
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
