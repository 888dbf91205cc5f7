//! Reading bodies once, and answering a repeated request with its first answer.
//!
//! A request that changes something may carry an `Idempotency-Key`. The first with a key is carried out and its
//! answer kept; the same request under the same key gets the same answer again and changes nothing; another request
//! under that key is refused with 409. Answers of 500 and above are not kept: they may be tried again.
//!
//! Keys are kept in memory, the newest so many, and not across a restart. Since putting the same thing twice has the
//! same result as once, a forgotten key costs a repeated write, never a wrong one.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, Response, StatusCode, header},
    middleware::Next,
};
use sha2::{Digest as _, Sha256};

use super::ApiError;
use crate::{
    http::{App, BodyError, BodyLimits, read_body, text_reply},
    platform::Platform,
};

/// The most bytes of an answer that is kept.
const ANSWER: usize = 1 << 20;

/// The longest key.
const KEY: usize = 255;

/// An answer kept.
#[derive(Clone)]
struct Kept {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

enum Entry {
    Running([u8; 32]),
    Done([u8; 32], Kept),
}

#[derive(Default)]
struct Keys {
    entries: HashMap<String, Entry>,
    order: VecDeque<String>,
}

/// The keys remembered, the oldest forgotten first.
pub struct Idempotency {
    most: usize,
    keys: Mutex<Keys>,
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency").field("most", &self.most).finish_non_exhaustive()
    }
}

enum Begun {
    First,
    Repeated(Kept),
    Running,
    Other,
}

impl Idempotency {
    /// Remembers at most so many keys.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), keys: Mutex::default() }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, key: &str, digest: [u8; 32]) -> Begun {
        let mut keys = self.keys();
        match keys.entries.get(key) {
            Some(Entry::Running(first) | Entry::Done(first, _)) if *first != digest => return Begun::Other,
            Some(Entry::Running(_)) => return Begun::Running,
            Some(Entry::Done(_, kept)) => return Begun::Repeated(kept.clone()),
            None => {}
        }
        if keys.order.len() >= self.most
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.entries.remove(&oldest);
        }
        keys.entries.insert(key.to_owned(), Entry::Running(digest));
        keys.order.push_back(key.to_owned());
        Begun::First
    }

    fn finish(&self, key: &str, digest: [u8; 32], kept: Option<Kept>) {
        let mut keys = self.keys();
        // The key may have been forgotten and taken by another request since.
        let ours = matches!(keys.entries.get(key), Some(Entry::Running(first)) if *first == digest);
        if !ours {
            return;
        }
        if let Some(kept) = kept {
            keys.entries.insert(key.to_owned(), Entry::Done(digest, kept));
        } else {
            keys.entries.remove(key);
            keys.order.retain(|known| known != key);
        }
    }
}

/// Forgets a key whose request was given up before it was answered, so that it can be tried again.
struct Running<'a> {
    idempotency: &'a Idempotency,
    key: &'a str,
    digest: [u8; 32],
    answered: Option<Kept>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.idempotency.finish(self.key, self.digest, self.answered.take());
    }
}

/// Reads the body within its limits, then lets a request through once per key.
pub(crate) async fn once<P: Platform>(
    State(app): State<Arc<App<P>>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let most = if head.uri.path() == "/v1/import" { app.limits.import } else { app.limits.body };
    let decompressed = most.max(app.limits.decompressed);
    let limits = BodyLimits { sent: most, decompressed, time: app.limits.request };
    let bytes = match read_body(&head.headers, body, limits).await {
        Ok(bytes) => bytes,
        Err(error) => return refuse(&error),
    };
    let key = head.headers.get("idempotency-key").map(|key| key.to_str().unwrap_or("").to_owned());
    let Some(key) = key.filter(|_| !matches!(head.method, Method::GET | Method::HEAD)) else {
        return next.run(Request::from_parts(head, Body::from(bytes))).await;
    };
    if key.is_empty() || key.len() > KEY {
        return ApiError::bad("Idempotency-Key", "must have 1 to 255 visible characters").into_reply();
    }
    let digest = digest_of(&head.method, &head.uri.to_string(), &bytes);
    match app.idempotency.begin(&key, digest) {
        Begun::Repeated(kept) => return kept.reply(),
        Begun::Other => return conflict(&key, "was used for another request"),
        Begun::Running => return conflict(&key, "is in use by a request that has not been answered yet"),
        Begun::First => {}
    }
    let mut running = Running { idempotency: &app.idempotency, key: &key, digest, answered: None };
    let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
    let Ok(body) = to_bytes(response.into_body(), ANSWER).await else {
        return ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "",
            "the answer is too large to keep",
        )
        .into_reply();
    };
    let kept = Kept { status, content_type, body };
    if !status.is_server_error() {
        running.answered = Some(kept.clone());
    }
    kept.reply()
}

fn refuse(error: &BodyError) -> Response<Body> {
    let (status, code) = match error {
        BodyError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, "slow"),
        BodyError::BrokeOff | BodyError::NotGzip => (StatusCode::BAD_REQUEST, "malformed"),
        BodyError::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding"),
    };
    ApiError::new(status, code, "", error.to_string()).into_reply()
}

fn conflict(key: &str, problem: &str) -> Response<Body> {
    let message = format!("the key '{key}' {problem}");
    ApiError::new(StatusCode::CONFLICT, "idempotency", "Idempotency-Key", message).into_reply()
}

fn digest_of(method: &Method, uri: &str, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), uri.as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

impl Kept {
    fn reply(self) -> Response<Body> {
        let mut response = text_reply(self.status, "application/json", self.body);
        match self.content_type {
            Some(kind) => response.headers_mut().insert(header::CONTENT_TYPE, kind),
            None => response.headers_mut().remove(header::CONTENT_TYPE),
        };
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten_first() {
        let keys = Idempotency::new(2);
        for key in ["a", "b", "c"] {
            assert!(matches!(keys.begin(key, [1; 32]), Begun::First));
        }
        assert!(matches!(keys.begin("b", [1; 32]), Begun::Running));
        assert!(matches!(keys.begin("b", [2; 32]), Begun::Other));
        assert!(matches!(keys.begin("a", [2; 32]), Begun::First), "'a' was forgotten");
    }

    #[test]
    fn a_request_given_up_frees_its_key() {
        let keys = Idempotency::new(10);
        assert!(matches!(keys.begin("a", [1; 32]), Begun::First));
        drop(Running { idempotency: &keys, key: "a", digest: [1; 32], answered: None });
        assert!(matches!(keys.begin("a", [2; 32]), Begun::First));
    }
}
