//! The parts of `onnx.proto3` that an actor needs, with its field numbers. What is not listed is passed over when a file is
//! read; the graph's own checks find out if it mattered.

use crate::wire::{
    Field, Message, Wrong, put_bytes, put_float, put_floats, put_int, put_ints, put_message, put_text,
};

/// The element type of 32-bit floats.
pub(crate) const FLOAT: i64 = 1;
/// The element type of 64-bit integers.
pub(crate) const INT64: i64 = 7;
/// The attribute type of integers.
pub(crate) const ATTRIBUTE_INT: i64 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) ir_version: i64,
    pub(crate) producer_name: String,
    pub(crate) graph: Option<Graph>,
    pub(crate) opset_import: Vec<OperatorSet>,
}

impl Message for Model {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.ir_version = field.int()?,
            2 => self.producer_name = field.text()?,
            7 => self.graph = Some(field.message()?),
            8 => Field::push(&mut self.opset_import, field.message()?)?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_int(out, 1, self.ir_version);
        put_text(out, 2, &self.producer_name);
        self.graph.iter().for_each(|message| put_message(out, 7, message));
        self.opset_import.iter().for_each(|message| put_message(out, 8, message));
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OperatorSet {
    pub(crate) domain: String,
    pub(crate) version: i64,
}

impl Message for OperatorSet {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.domain = field.text()?,
            2 => self.version = field.int()?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, 1, &self.domain);
        put_int(out, 2, self.version);
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Graph {
    pub(crate) node: Vec<Node>,
    pub(crate) name: String,
    pub(crate) initializer: Vec<Tensor>,
    pub(crate) input: Vec<Value>,
    pub(crate) output: Vec<Value>,
}

impl Message for Graph {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => Field::push(&mut self.node, field.message()?)?,
            2 => self.name = field.text()?,
            5 => Field::push(&mut self.initializer, field.message()?)?,
            11 => Field::push(&mut self.input, field.message()?)?,
            12 => Field::push(&mut self.output, field.message()?)?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.node.iter().for_each(|message| put_message(out, 1, message));
        put_text(out, 2, &self.name);
        self.initializer.iter().for_each(|message| put_message(out, 5, message));
        self.input.iter().for_each(|message| put_message(out, 11, message));
        self.output.iter().for_each(|message| put_message(out, 12, message));
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) input: Vec<String>,
    pub(crate) output: Vec<String>,
    pub(crate) name: String,
    pub(crate) op_type: String,
    pub(crate) attribute: Vec<Attribute>,
    pub(crate) domain: String,
}

impl Message for Node {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => Field::push(&mut self.input, field.text()?)?,
            2 => Field::push(&mut self.output, field.text()?)?,
            3 => self.name = field.text()?,
            4 => self.op_type = field.text()?,
            5 => Field::push(&mut self.attribute, field.message()?)?,
            7 => self.domain = field.text()?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.input.iter().for_each(|text| put_bytes(out, 1, text.as_bytes()));
        self.output.iter().for_each(|text| put_bytes(out, 2, text.as_bytes()));
        put_text(out, 3, &self.name);
        put_text(out, 4, &self.op_type);
        self.attribute.iter().for_each(|message| put_message(out, 5, message));
        put_text(out, 7, &self.domain);
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) f: f32,
    pub(crate) i: i64,
    pub(crate) t: Option<Tensor>,
    pub(crate) kind: i64,
}

impl Message for Attribute {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.name = field.text()?,
            2 => self.f = field.float()?,
            3 => self.i = field.int()?,
            5 => self.t = Some(field.message()?),
            20 => self.kind = field.int()?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, 1, &self.name);
        put_float(out, 2, self.f);
        put_int(out, 3, self.i);
        self.t.iter().for_each(|message| put_message(out, 5, message));
        put_int(out, 20, self.kind);
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) dims: Vec<i64>,
    pub(crate) data_type: i64,
    pub(crate) float_data: Vec<f32>,
    pub(crate) int64_data: Vec<i64>,
    pub(crate) name: String,
    pub(crate) raw_data: Vec<u8>,
    /// 1 where the numbers lie in another file.
    pub(crate) data_location: i64,
}

impl Message for Tensor {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => field.ints(&mut self.dims)?,
            2 => self.data_type = field.int()?,
            4 => field.floats(&mut self.float_data)?,
            7 => field.ints(&mut self.int64_data)?,
            8 => self.name = field.text()?,
            9 => self.raw_data = field.bytes()?.to_vec(),
            14 => self.data_location = field.int()?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_ints(out, 1, &self.dims);
        put_int(out, 2, self.data_type);
        put_floats(out, 4, &self.float_data);
        put_ints(out, 7, &self.int64_data);
        put_text(out, 8, &self.name);
        if !self.raw_data.is_empty() {
            put_bytes(out, 9, &self.raw_data);
        }
        put_int(out, 14, self.data_location);
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) kind: Option<ValueType>,
}

impl Message for Value {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.name = field.text()?,
            2 => self.kind = Some(field.message()?),
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, 1, &self.name);
        self.kind.iter().for_each(|message| put_message(out, 2, message));
    }
}

/// Of tensors alone; other kinds of values leave it out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ValueType {
    pub(crate) tensor: Option<TensorType>,
}

impl Message for ValueType {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        if number == 1 {
            self.tensor = Some(field.message()?);
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.tensor.iter().for_each(|message| put_message(out, 1, message));
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TensorType {
    pub(crate) elem_type: i64,
    pub(crate) shape: Option<Shape>,
}

impl Message for TensorType {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.elem_type = field.int()?,
            2 => self.shape = Some(field.message()?),
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_int(out, 1, self.elem_type);
        self.shape.iter().for_each(|message| put_message(out, 2, message));
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    pub(crate) dim: Vec<Dimension>,
}

impl Message for Shape {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        if number == 1 {
            Field::push(&mut self.dim, field.message()?)?;
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.dim.iter().for_each(|message| put_message(out, 1, message));
    }
}

/// A fixed size, or a name for one that is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dimension {
    pub(crate) value: Option<i64>,
    pub(crate) name: String,
}

impl Message for Dimension {
    fn take(&mut self, number: u64, field: Field<'_>) -> Result<(), Wrong> {
        match number {
            1 => self.value = Some(field.int()?),
            2 => self.name = field.text()?,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.value.iter().for_each(|value| put_int(out, 1, *value));
        put_text(out, 2, &self.name);
    }
}
