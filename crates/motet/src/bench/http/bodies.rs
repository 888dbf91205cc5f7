//! The requests of the load. Bodies are made ahead; what tells one request from the next (its id, who asks, from which
//! address) is written into its bytes as it is sent, so that no request comes twice and no listener asks faster than a
//! person would. The guard refuses both, and what is measured would be refusals.

use anyhow::{Context as _, Result};
use motet_units::Chance;
use serde_json::Value;

use super::wire;
use crate::demo::listeners;

/// Bodies made ahead.
const BODIES: u64 = 4_000;
const SEED: u64 = 11;
/// Listeners behind the load; each has an address of its own.
const LISTENERS: u64 = 500_000;

/// A floor no campaign of the sample meets.
const DEAR_CPM: f64 = 500.0;

/// One place in a request's bytes where a number stands in decimal digits, with leading zeros or ones.
#[derive(Clone, Copy, Debug)]
struct Digits {
    at: usize,
    count: usize,
}

impl Digits {
    /// Finds the digits at the end of a text that occurs once.
    fn find(bytes: &[u8], text: &str, count: usize) -> Option<Self> {
        let mut found = bytes.windows(text.len()).enumerate().filter(|(_, w)| *w == text.as_bytes());
        let (start, _) = found.next()?;
        found.next().is_none().then_some(Self { at: start + text.len() - count, count })
    }

    fn write(self, bytes: &mut [u8], mut number: u64) {
        for place in bytes[self.at..self.at + self.count].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
}

/// A request with the places that differ from one sending to the next.
#[derive(Clone, Debug)]
struct Template {
    bytes: Vec<u8>,
    id: Digits,
    transaction: Digits,
    listener: Digits,
    /// The second, third and fourth part of the address.
    address: [Digits; 3],
}

/// All requests of a load.
#[derive(Debug)]
pub(crate) struct Bodies {
    templates: Vec<Template>,
    body_bytes: f64,
}

impl Bodies {
    /// Makes them: requests of listeners, filled up with keywords to the size real ones have.
    ///
    /// A share of them is dear, with a floor above what any campaign of the sample bids: an exchange sends a bidder more
    /// than it buys, and an answer without a bid waits for no disk.
    pub(crate) fn new(dear: f64) -> Result<Self> {
        let bodies = (0..BODIES).map(|number| body(number, dear)).collect::<Result<Vec<_>>>()?;
        let body_bytes = bodies.iter().map(Vec::len).sum::<usize>() as f64 / bodies.len() as f64;
        let templates = bodies.iter().map(|body| template(body)).collect::<Option<_>>();
        Ok(Self {
            templates: templates.context("a request's id, user or address was not found")?,
            body_bytes,
        })
    }

    /// Returns the mean size of a body in bytes.
    pub(crate) const fn body_bytes(&self) -> f64 {
        self.body_bytes
    }

    /// Writes request number `number` into a buffer, in place of what it holds.
    pub(crate) fn write(&self, number: u64, buffer: &mut Vec<u8>) {
        let template = &self.templates[(number % BODIES) as usize];
        buffer.clear();
        buffer.extend_from_slice(&template.bytes);
        template.id.write(buffer, number);
        template.transaction.write(buffer, number);
        let listener = Chance::new(SEED, number).stream("listener of the load").below(LISTENERS);
        template.listener.write(buffer, listener);
        for (place, digits) in template.address.iter().enumerate() {
            // The first digit is a one and stays: each part counts from 100 to 199.
            digits.write(buffer, listener / [10_000, 100, 1][place] % 100);
        }
    }
}

fn body(number: u64, dear: f64) -> Result<Vec<u8>> {
    let mut request = listeners::visit(SEED, number).request;
    if Chance::new(SEED, number).stream("dear").unit() < dear {
        request["imp"][0]["bidfloor"] = DEAR_CPM.into();
    }
    let filler: Vec<String> = (0..30).map(|word| format!("topic-{}-{word}", number % 50)).collect();
    request["user"]["keywords"] = filler.join(",").into();
    request["id"] = "visit-0000000000".into();
    request["source"]["tid"] = "t-0000000000".into();
    request["user"]["id"] = "listener-00000000".into();
    request["device"]["ip"] = Value::from("82.100.100.100");
    Ok(serde_json::to_vec(&request)?)
}

fn template(body: &[u8]) -> Option<Template> {
    let bytes = wire::request(body);
    let address = Digits::find(&bytes, "\"82.100.100.100", 2)?;
    let address = [8, 4, 0].map(|back| Digits { at: address.at - back, count: 2 });
    Some(Template {
        id: Digits::find(&bytes, "visit-0000000000", 10)?,
        transaction: Digits::find(&bytes, "\"t-0000000000", 10)?,
        listener: Digits::find(&bytes, "listener-00000000", 8)?,
        address,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bodies: &Bodies, number: u64) -> Value {
        let mut buffer = Vec::new();
        bodies.write(number, &mut buffer);
        let head = buffer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        serde_json::from_slice(&buffer[head + 4..]).unwrap()
    }

    #[test]
    fn a_request_never_comes_twice_and_a_listener_keeps_its_address() {
        let bodies = Bodies::new(0.5).unwrap();
        let (first, again) = (read(&bodies, 7), read(&bodies, 7 + BODIES));
        assert_eq!(first["id"], "visit-0000000007");
        assert_eq!(again["id"], "visit-0000004007");
        assert_eq!(first["source"]["tid"], "t-0000000007");
        assert_ne!(first["user"]["id"], again["user"]["id"]);
        let listener: u64 = first["user"]["id"].as_str().unwrap()[9..].parse().unwrap();
        let address = format!(
            "82.{}.{}.{}",
            100 + listener / 10_000 % 100,
            100 + listener / 100 % 100,
            100 + listener % 100
        );
        assert_eq!(first["device"]["ip"], address.as_str());
    }
}
