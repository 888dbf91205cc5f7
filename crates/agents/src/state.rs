//! How agents write and read back what they learned: a format number, then postcard.

use serde::{Serialize, de::DeserializeOwned};

/// Writes a state under a format number.
pub(crate) fn save<T: Serialize>(format: u32, state: &T) -> Vec<u8> {
    // Postcard fails only on sequences of unknown length, and states hold none.
    postcard::to_stdvec(&(format, state)).expect("states hold only sized sequences and plain numbers")
}

/// Reads a state back.
///
/// # Errors
/// A sentence saying what cannot be read.
pub(crate) fn restore<T: DeserializeOwned>(format: u32, bytes: &[u8]) -> Result<T, String> {
    let (found, _): (u32, &[u8]) =
        postcard::take_from_bytes(bytes).map_err(|e| format!("the state's format cannot be read: {e}"))?;
    if found != format {
        return Err(format!("the state has format {found}, this version reads {format}"));
    }
    let (_, state): (u32, T) =
        postcard::from_bytes(bytes).map_err(|e| format!("the state cannot be read: {e}"))?;
    Ok(state)
}
