//! The graph's constants: initialisers, and what `Constant` nodes hold.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Error,
    proto::{FLOAT, INT64, Tensor},
};

/// A constant's numbers with its dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constant {
    pub(crate) dims: Vec<usize>,
    pub(crate) numbers: Numbers,
}

/// A constant's numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Constant {
    /// Reads a tensor.
    pub(crate) fn read(name: &str, tensor: &Tensor) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Constant { name: name.to_owned(), reason };
        if tensor.data_location != 0 {
            return Err(wrong("its numbers lie in another file; save the model as one".to_owned()));
        }
        let dims = tensor.dims.iter().map(|dim| usize::try_from(*dim)).collect::<Result<Vec<_>, _>>();
        let dims = dims.map_err(|_| wrong(format!("its dimensions are {:?}", tensor.dims)))?;
        let expected = dims.iter().try_fold(1_usize, |all, dim| all.checked_mul(*dim));
        let numbers = match tensor.data_type {
            FLOAT => Numbers::Floats(floats(tensor)),
            INT64 => Numbers::Ints(ints(tensor)),
            other => return Err(wrong(format!("must be of 32-bit floats, was of element type {other}"))),
        };
        let (found, whole) = match &numbers {
            Numbers::Floats(floats) => (floats.len(), tensor.raw_data.len().is_multiple_of(4)),
            Numbers::Ints(ints) => (ints.len(), tensor.raw_data.len().is_multiple_of(8)),
        };
        if expected != Some(found) || !whole {
            return Err(wrong(format!("its dimensions {:?} do not fit its {found} numbers", tensor.dims)));
        }
        Ok(Self { dims, numbers })
    }

    /// Returns its floats.
    pub(crate) fn floats(&self) -> Option<&[f32]> {
        if let Numbers::Floats(floats) = &self.numbers { Some(floats) } else { None }
    }

    /// Returns its only float.
    pub(crate) fn scalar(&self) -> Option<f32> {
        self.floats().and_then(|floats| if let [one] = floats { Some(*one) } else { None })
    }

    /// Returns one float for each of `width` columns, where it holds so many, or one for all.
    pub(crate) fn row(&self, width: usize) -> Option<Vec<f32>> {
        let floats = self.floats()?;
        let is_row = self.dims.iter().rev().skip(1).all(|dim| *dim == 1);
        match floats {
            [one] => Some(vec![*one; width]),
            row if is_row && row.len() == width => Some(row.to_vec()),
            _ => None,
        }
    }
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    if tensor.raw_data.is_empty() {
        return tensor.float_data.clone();
    }
    let fours = tensor.raw_data.chunks_exact(4);
    fours.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

fn ints(tensor: &Tensor) -> Vec<i64> {
    if tensor.raw_data.is_empty() {
        return tensor.int64_data.clone();
    }
    let eights = tensor.raw_data.chunks_exact(8);
    eights.map(|eight| i64::from_le_bytes(eight.try_into().expect("chunks of eight bytes"))).collect()
}

/// The constants met so far, by name.
pub(crate) type Constants = BTreeMap<String, Arc<Constant>>;
