//! Protocol Buffers' wire format, as far as ONNX files need it: varints, fixed 32 and 64 bits, and lengths.
//!
//! A handful of small messages are read and written here, so a library with a compiler of its own would be more to build
//! than this is to read. Reading never allocates more than the bytes it was given account for: lists are bounded by
//! [`MOST_ENTRIES`]. <https://protobuf.dev/programming-guides/encoding/>

/// The most messages a list may hold: many times what an actor's graph needs.
const MOST_ENTRIES: usize = 10_000;

/// A field's value as it lies on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    Varint(u64),
    /// 64 bits that no field read here has.
    Fixed64,
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// What is wrong with the bytes.
pub(crate) type Wrong = &'static str;

/// A message.
pub(crate) trait Message: Default {
    /// Takes one field; one with an unknown number is passed over.
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong>;

    /// Appends all fields.
    fn put(&self, out: &mut Vec<u8>);
}

/// Reads a message.
pub(crate) fn decode<M: Message>(mut bytes: &[u8]) -> Result<M, Wrong> {
    let mut message = M::default();
    while !bytes.is_empty() {
        let key = take_varint(&mut bytes)?;
        let field = take_field(&mut bytes, key & 7)?;
        message.take(key >> 3, field)?;
    }
    Ok(message)
}

/// Writes a message.
pub(crate) fn encode<M: Message>(message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    message.put(&mut out);
    out
}

fn take_field<'a>(bytes: &mut &'a [u8], kind: u64) -> Result<Field<'a>, Wrong> {
    Ok(match kind {
        0 => Field::Varint(take_varint(bytes)?),
        1 => {
            take_array::<8>(bytes)?;
            Field::Fixed64
        }
        2 => {
            let length = usize::try_from(take_varint(bytes)?).map_err(|_| "a length is too large")?;
            let (taken, rest) = bytes.split_at_checked(length).ok_or("it ends within a field")?;
            *bytes = rest;
            Field::Bytes(taken)
        }
        5 => Field::Fixed32(*take_array(bytes)?),
        _ => return Err("a field has an unknown wire type"),
    })
}

fn take_array<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8; N], Wrong> {
    let (taken, rest) = bytes.split_first_chunk::<N>().ok_or("it ends within a number")?;
    *bytes = rest;
    Ok(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, Wrong> {
    let mut number = 0_u64;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first().ok_or("it ends within a number")?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number has more than ten bytes")
}

impl<'a> Field<'a> {
    pub(crate) fn int(self) -> Result<i64, Wrong> {
        // Negative numbers are written in two's complement, as ten bytes.
        if let Self::Varint(number) = self {
            Ok(number.cast_signed())
        } else {
            Err("a field must be an integer")
        }
    }

    pub(crate) fn float(self) -> Result<f32, Wrong> {
        if let Self::Fixed32(four) = self {
            Ok(f32::from_le_bytes(four))
        } else {
            Err("a field must be a float")
        }
    }

    pub(crate) fn bytes(self) -> Result<&'a [u8], Wrong> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err("a field must have a length") }
    }

    pub(crate) fn text(self) -> Result<String, Wrong> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| "a name is not UTF-8")
    }

    pub(crate) fn message<M: Message>(self) -> Result<M, Wrong> {
        decode(self.bytes()?)
    }

    /// Adds to a list, which may lie as single fields.
    pub(crate) fn push<T>(list: &mut Vec<T>, entry: T) -> Result<(), Wrong> {
        if list.len() >= MOST_ENTRIES {
            return Err("a list is too long");
        }
        list.push(entry);
        Ok(())
    }

    /// Adds integers, which may lie packed or singly.
    pub(crate) fn ints(self, list: &mut Vec<i64>) -> Result<(), Wrong> {
        let Self::Bytes(mut packed) = self else {
            list.push(self.int()?);
            return Ok(());
        };
        while !packed.is_empty() {
            list.push(take_varint(&mut packed)?.cast_signed());
        }
        Ok(())
    }

    /// Adds floats, which may lie packed or singly.
    pub(crate) fn floats(self, list: &mut Vec<f32>) -> Result<(), Wrong> {
        let Self::Bytes(packed) = self else {
            list.push(self.float()?);
            return Ok(());
        };
        let (fours, []) = packed.as_chunks::<4>() else { return Err("packed floats end within one") };
        list.extend(fours.iter().map(|four| f32::from_le_bytes(*four)));
        Ok(())
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes an integer, unless it is the 0 that an absent one stands for.
pub(crate) fn put_int(out: &mut Vec<u8>, number: u64, value: i64) {
    if value != 0 {
        put_varint(out, number << 3);
        put_varint(out, value.cast_unsigned());
    }
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_text(out: &mut Vec<u8>, number: u64, text: &str) {
    if !text.is_empty() {
        put_bytes(out, number, text.as_bytes());
    }
}

pub(crate) fn put_message(out: &mut Vec<u8>, number: u64, message: &impl Message) {
    put_bytes(out, number, &encode(message));
}

pub(crate) fn put_float(out: &mut Vec<u8>, number: u64, value: f32) {
    if value.to_bits() != 0 {
        put_varint(out, number << 3 | 5);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(crate) fn put_floats(out: &mut Vec<u8>, number: u64, floats: &[f32]) {
    if !floats.is_empty() {
        let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        put_bytes(out, number, &bytes);
    }
}

pub(crate) fn put_ints(out: &mut Vec<u8>, number: u64, ints: &[i64]) {
    if !ints.is_empty() {
        let mut packed = Vec::new();
        for int in ints {
            put_varint(&mut packed, int.cast_unsigned());
        }
        put_bytes(out, number, &packed);
    }
}
