//! The least of an HTTP/1.1 client: requests are bytes made ahead, and of an answer only the status, the length and the
//! server's own timing are read. What the load does for a request is time the server cannot be blamed for, so there is
//! little of it.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How many stages a server tells of.
pub(crate) const STAGES: usize = 8;
/// The stages, in the order a request goes through them, as the server names them.
pub(crate) const STAGE_NAMES: [&str; STAGES] =
    ["edge", "agents", "queue", "decide", "gather", "commit", "wake", "encode"];

/// The time each stage took, in microseconds; 0 for one the request did not go through.
pub(crate) type StageTimes = [u32; STAGES];

/// What is kept of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) stages: Option<StageTimes>,
}

/// One kept-alive connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Writes a bid request out, head and body.
pub(super) fn request(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST /openrtb2/bid HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         x-openrtb-version: 2.6\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

impl Wire {
    pub(super) async fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(head) = Head::read(&self.buffer)? {
                break head;
            }
            self.read_more().await?;
        };
        while self.buffer.len() < head.bytes + head.content_length {
            self.read_more().await?;
        }
        Ok(head.reply)
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Head {
    bytes: usize,
    content_length: usize,
    reply: Reply,
}

impl Head {
    /// Reads an answer's head; `None` while it is not whole.
    fn read(buffer: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&buffer[..end]).map_err(io::Error::other)?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let mut head = Self { bytes: end + 4, content_length: 0, reply: Reply { status, stages: None } };
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                head.content_length = value.parse().map_err(io::Error::other)?;
            } else if name.eq_ignore_ascii_case("server-timing") {
                head.reply.stages = Some(stages(value));
            }
        }
        Ok(Some(head))
    }
}

/// Reads a `Server-Timing` header: `edge;dur=0.041, queue;dur=0.007, …`, in milliseconds.
fn stages(value: &str) -> StageTimes {
    STAGE_NAMES.map(|name| {
        let entry = value.split(", ").find_map(|entry| entry.strip_prefix(name)?.strip_prefix(";dur="));
        entry.and_then(|ms| ms.parse::<f64>().ok()).map_or(0, |ms| (ms * 1e3).round() as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_its_head_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nserver-timing: edge;dur=0.041, commit;dur=1.5\r\n\r\n{}";
        assert!(Head::read(&answer[..40]).unwrap().is_none());
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!((head.reply.status, head.content_length, head.bytes + 2), (200, 2, answer.len()));
        assert_eq!(head.reply.stages, Some([41, 0, 0, 0, 0, 1_500, 0, 0]));
    }

    #[test]
    fn an_answer_without_a_body_ends_with_its_head() {
        let head = Head::read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.reply.status, head.content_length), (204, 0));
        assert!(Head::read(b"nonsense\r\n\r\n").is_err());
    }
}
