//! Messages cross gRPC as the bytes they were written as: they are read once, where their bounds are checked.

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// The service of `proto/motet/v1/agent.proto`.
pub(crate) const SERVICE: &str = "motet.v1.AgentService";
pub(crate) const PROPOSE: &str = "/motet.v1.AgentService/Propose";
pub(crate) const ATTEND: &str = "/motet.v1.AgentService/Attend";
pub(crate) const DESCRIBE: &str = "/motet.v1.AgentService/Describe";

pub(crate) const fn path(path: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(path)
}

/// Bytes in, bytes out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
