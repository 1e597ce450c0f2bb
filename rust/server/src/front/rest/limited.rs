//! The answer to requests that a limit of the account's plan refuses. Who is over a limit may send any
//! number of them, so a connection keeps the body.

use std::cell::RefCell;

use bytes::Bytes;

use super::status;
use crate::error::Error;
use crate::message::Response;
use crate::plan::{Exceeded, Limit};

/// The body of the last refusal of a connection, and what it is about.
#[derive(Default)]
pub(crate) struct LimitedBody(RefCell<Option<Box<(Limit, u64, Bytes)>>>);

impl LimitedBody {
    /// The response for a limit that is met.
    pub(super) fn response(&self, met: Exceeded) -> Response {
        let mut kept = self.0.borrow_mut();
        let known =
            kept.as_deref().filter(|(limit, value, _)| (*limit, *value) == (met.limit, met.value));
        if let Some((.., body)) = known {
            return status::limited(met, body.clone());
        }
        let response = status::response(&Error::Limited(met));
        *kept = Some(Box::new((met.limit, met.value, response.body.clone())));
        response
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn parts(response: &Response) -> (u16, Vec<(String, String)>, Bytes) {
        let field = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let mut headers: Vec<_> = response.headers.iter().map(field).collect();
        headers.sort();
        (response.status.as_u16(), headers, response.body.clone())
    }

    #[test]
    fn a_refusal_is_the_same_whether_its_body_was_kept_or_not() {
        let kept = LimitedBody::default();
        for (limit, value) in [(Limit::Operations, 5), (Limit::Operations, 6), (Limit::BytesIn, 6)]
        {
            for retry_after in [1, 1, 3_600] {
                let met = Exceeded { limit, value, retry_after };
                let (first, fresh) = (kept.response(met), status::response(&Error::Limited(met)));

                assert_eq!(parts(&first), parts(&fresh));
                assert_eq!(first.headers[header::RETRY_AFTER], retry_after.to_string());
                assert_eq!(parts(&kept.response(met)), parts(&fresh));
            }
        }
    }
}
