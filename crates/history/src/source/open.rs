//! Opens a log: plain or gzip, with its stored bytes counted and digested on the way.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    rc::Rc,
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How many bytes are read at once.
const CHUNK: usize = 1 << 17;

/// Packings that are recognised only to say that they are not read.
const PACKINGS: [(&[u8], &str); 4] =
    [(b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip")];

/// What was read of a log so far.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    bytes: Cell<u64>,
    digest: RefCell<Sha256>,
}

impl Meter {
    /// Returns bytes read, as stored.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Returns the SHA-256 of the bytes read, in hex.
    pub(crate) fn sha256(&self) -> String {
        let digest = self.digest.borrow().clone().finalize();
        format!("{digest:x}")
    }
}

struct Metered {
    file: File,
    meter: Rc<Meter>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.meter.bytes.set(self.meter.bytes.get() + read as u64);
        self.meter.digest.borrow_mut().update(&buffer[..read]);
        Ok(read)
    }
}

/// A log opened for reading.
pub(crate) struct Input {
    /// Its bytes, unpacked.
    pub(crate) bytes: Box<dyn BufRead>,
    /// What was read of it, as stored.
    pub(crate) meter: Rc<Meter>,
}

/// Opens a log.
pub(crate) fn open(path: &Path) -> Result<Input> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let meter = Rc::new(Meter::default());
    let mut raw = BufReader::with_capacity(CHUNK, Metered { file, meter: meter.clone() });
    let head = raw.fill_buf().map_err(Error::io("read", path))?;
    if let Some((_, packing)) = PACKINGS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(Error::Packed { path: path.display().to_string(), packing });
    }
    let bytes: Box<dyn BufRead> = if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    Ok(Input { bytes, meter })
}
