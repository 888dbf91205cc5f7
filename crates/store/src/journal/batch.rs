//! Records encoded and numbered, ready to commit together.

use super::{
    Error, MAX_RECORD_BYTES, Result,
    format::{RECORD_HEADER_BYTES, record_crc},
};

/// Records to be committed with one write and one sync.
///
/// It needs no journal to build, so one thread can fill a batch while another commits the one before.
///
/// ```
/// use motet_store::journal::Batch;
/// let mut batch = Batch::starting_at(7);
/// assert_eq!(batch.push(b"first").unwrap(), 7);
/// assert_eq!(batch.push(b"second").unwrap(), 8);
/// assert_eq!((batch.first_sequence(), batch.next_sequence(), batch.len()), (7, 9, 2));
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    first: u64,
    count: u32,
}

impl Batch {
    /// Makes an empty batch whose first record will have this sequence number.
    pub const fn starting_at(sequence: u64) -> Self {
        Self { bytes: Vec::new(), first: sequence, count: 0 }
    }

    /// Empties the batch for another use, keeping its memory.
    pub fn restart_at(&mut self, sequence: u64) {
        self.bytes.clear();
        self.first = sequence;
        self.count = 0;
    }

    /// Adds a record and returns its sequence number.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_RECORD_BYTES`]; the batch is as before.
    pub fn push(&mut self, payload: &[u8]) -> Result<u64> {
        self.push_with(|bytes| bytes.extend_from_slice(payload))
    }

    /// Adds a record that `encode` appends to the buffer it is given, and returns its sequence number.
    ///
    /// `encode` must only append: what stands in the buffer is the batch so far.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_RECORD_BYTES`]; the batch is as before.
    pub fn push_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<u64> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; RECORD_HEADER_BYTES]);
        encode(&mut self.bytes);
        let bytes = self.bytes.len() - start - RECORD_HEADER_BYTES;
        if bytes > MAX_RECORD_BYTES {
            self.bytes.truncate(start);
            return Err(Error::TooLarge { bytes });
        }
        let sequence = self.next_sequence();
        let record = &mut self.bytes[start..];
        record[..4].copy_from_slice(&(bytes as u32).to_le_bytes());
        record[8..16].copy_from_slice(&sequence.to_le_bytes());
        record[16..20].copy_from_slice(&self.count.to_le_bytes());
        let crc = record_crc(record);
        record[4..8].copy_from_slice(&crc.to_le_bytes());
        self.count += 1;
        Ok(sequence)
    }

    /// Returns the sequence number of the first record, or that it would have.
    pub const fn first_sequence(&self) -> u64 {
        self.first
    }

    /// Returns the sequence number the next record will have.
    pub const fn next_sequence(&self) -> u64 {
        self.first + self.count as u64
    }

    /// Returns how many records there are.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Tells whether there is no record.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the batch as it will stand in the segment.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}
