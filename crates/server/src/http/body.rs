//! Bodies in and out: limits, time, gzip.

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is above a limit.
    #[error("body is larger than {0} bytes")]
    TooLarge(usize),
    /// It did not come in time.
    #[error("body did not come in time")]
    Slow,
    /// It broke off.
    #[error("body broke off")]
    BrokeOff,
    /// It is not gzip though it says so.
    #[error("body is not the gzip it says it is")]
    NotGzip,
    /// It is encoded in a way not taken.
    #[error("content-encoding must be gzip or identity")]
    Encoding,
}

/// The most bytes of a body, as sent and decompressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) sent: usize,
    pub(crate) decompressed: usize,
    pub(crate) time: Duration,
}

/// Reads a body whole, decompressed where it is gzip.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.sent as u64) {
        return Err(BodyError::TooLarge(limits.sent));
    }
    let gzip = match headers.get(header::CONTENT_ENCODING).map(axum::http::HeaderValue::as_bytes) {
        None => false,
        Some(value) if value.eq_ignore_ascii_case(b"identity") || value.is_empty() => false,
        Some(value) if value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip") => true,
        Some(_) => return Err(BodyError::Encoding),
    };
    let read = tokio::time::timeout(limits.time, to_bytes(body, limits.sent)).await;
    let bytes = read.map_err(|_| BodyError::Slow)?.map_err(|error| {
        if is_length_limit(&error) { BodyError::TooLarge(limits.sent) } else { BodyError::BrokeOff }
    })?;
    if !gzip {
        return Ok(bytes);
    }
    gunzip(&bytes, limits.decompressed).map_err(|error| match error {
        Gunzip::TooLarge => BodyError::TooLarge(limits.decompressed),
        Gunzip::Malformed => BodyError::NotGzip,
    })
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Why bytes could not be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gunzip {
    /// They come to more than the limit.
    TooLarge,
    /// They are not gzip.
    Malformed,
}

/// Decompresses gzip up to a limit, without ever holding more than that.
///
/// # Errors
/// When it is no gzip or comes to more.
pub(crate) fn gunzip(bytes: &[u8], limit: usize) -> Result<Bytes, Gunzip> {
    let mut out = Vec::with_capacity((bytes.len() * 4).min(limit));
    let mut reader = MultiGzDecoder::new(bytes).take(limit as u64 + 1);
    reader.read_to_end(&mut out).map_err(|_| Gunzip::Malformed)?;
    if out.len() > limit { Err(Gunzip::TooLarge) } else { Ok(out.into()) }
}

/// Compresses at the speed a bid response needs.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to a Vec cannot fail")
}

/// Tells whether a caller takes gzip: it names it, or everything, and not with a quality of zero.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accepted.split(',').any(|entry| {
        let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
        let name = name.trim();
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
    })
}
