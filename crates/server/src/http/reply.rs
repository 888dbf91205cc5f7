//! Small responses.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

/// Makes a one-line text response.
pub(crate) fn plain(status: StatusCode, line: impl Into<String>) -> Response<Body> {
    text_reply(status, "text/plain; charset=utf-8", one_line(line.into()))
}

/// Makes a response of some type.
pub(crate) fn text_reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Makes a response without content.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text }
}
