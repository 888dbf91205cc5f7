//! From a graph to a network: one walk along the path from the input to the output.

use std::sync::Arc;

use motet_policy::{CUT, LayerSpec, MOST_LAYERS, NetworkSpec};

use crate::{
    Error, MOST_BYTES,
    constants::{Constant, Constants, Numbers},
    proto::{FLOAT, Graph, Model, Node, Value},
    wire::decode,
};

/// By how much inputs that are not clipped are scaled down, and the first layer up: 2⁻²⁰, so that both are exact.
const UNCLIPPED: f32 = 1.0 / 1_048_576.0;

/// How many numbers an actor reads and moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers of an observation.
    pub read: usize,
    /// Numbers of an action.
    pub moved: usize,
}

/// Reads an actor's network from an ONNX file.
///
/// # Errors
/// When the bytes are no ONNX file, its graph is not an actor's (with the node's name), or its shape is not the one
/// expected.
pub fn read(bytes: &[u8], expected: Shape) -> Result<NetworkSpec, Error> {
    if bytes.len() > MOST_BYTES {
        return Err(Error::TooLarge { most: MOST_BYTES, found: bytes.len() });
    }
    let model: Model = decode(bytes).map_err(Error::NotOnnx)?;
    let graph = model.graph.ok_or_else(|| Error::Graph("the file holds no graph".to_owned()))?;
    let mut walk = Walk::begin(&graph)?;
    // The width is held to the card before anything is made as wide as the file says.
    if walk.width != expected.read {
        return Err(shape_error(expected, walk.width, last_width(&graph).unwrap_or(0)));
    }
    for (place, node) in graph.node.iter().enumerate() {
        walk.take(node).map_err(|reason| at_node(place, node, reason))?;
    }
    let (read, moved) = (expected.read, walk.width);
    let spec = walk.finish(&graph)?;
    if moved != expected.moved {
        return Err(shape_error(expected, read, moved));
    }
    spec.check()?;
    Ok(spec)
}

fn shape_error(expected: Shape, read: usize, moved: usize) -> Error {
    Error::Shape { expected_read: expected.read, expected_moved: expected.moved, read, moved }
}

fn at_node(place: usize, node: &Node, reason: Wrong) -> Error {
    let name = if node.name.is_empty() { format!("#{place}") } else { node.name.clone() };
    match reason {
        Wrong::Node(reason) => Error::Node { node: name, op: node.op_type.clone(), reason },
        Wrong::Other(error) => error,
    }
}

/// Returns the width the graph's output states.
fn last_width(graph: &Graph) -> Option<usize> {
    graph.output.first().and_then(|output| width(output).ok())
}

/// Why a node is not taken.
enum Wrong {
    Node(String),
    Other(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Node(reason.into()))
}

/// Where on the path the walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the first layer.
    Front,
    /// A layer's sums are made; its bias is still to come where it was a `MatMul`.
    Summed { bias: BiasState },
    /// After a `Relu`.
    Active,
    /// After the `Tanh`.
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BiasState {
    Open,
    Added,
}

struct Walk {
    constants: Constants,
    /// The value the path has come to.
    now: String,
    /// How wide it is.
    width: usize,
    stage: Stage,
    means: Option<Vec<f32>>,
    factors: Option<Vec<f32>>,
    clip: Option<f32>,
    layers: Vec<LayerSpec>,
}

impl Walk {
    fn begin(graph: &Graph) -> Result<Self, Error> {
        let mut constants = Constants::new();
        for tensor in &graph.initializer {
            constants.insert(tensor.name.clone(), Arc::new(Constant::read(&tensor.name, tensor)?));
        }
        // Older files list their constants among the inputs.
        let mut inputs = graph.input.iter().filter(|input| !constants.contains_key(&input.name));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err(Error::Graph("the graph must have one input: the observation".to_owned()));
        };
        let (now, width) = (input.name.clone(), width(input)?);
        Ok(Self {
            constants,
            now,
            width,
            stage: Stage::Front,
            means: None,
            factors: None,
            clip: None,
            layers: Vec::new(),
        })
    }

    fn take(&mut self, node: &Node) -> Result<(), Wrong> {
        if !matches!(&*node.domain, "" | "ai.onnx") {
            return wrong(format!("operators of '{}' are not known", node.domain));
        }
        let Some(output) = node.output.first() else { return wrong("has no output") };
        if self.take_constant(node, output)? {
            return Ok(());
        }
        if !node.input.contains(&self.now) {
            return wrong(format!("does not take '{}', to which the path from the input has come", self.now));
        }
        match &*node.op_type {
            "Sub" | "Add" | "Mul" | "Div" => self.combine(node)?,
            "Clip" => self.take_clip(node)?,
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.mat_mul(node)?,
            "Relu" => self.activate(Stage::Active)?,
            "Tanh" => self.activate(Stage::Done)?,
            "Identity" => {}
            "Flatten" => pass_flatten(node)?,
            "Reshape" => self.pass_reshape(node)?,
            _ => {
                return wrong(
                    "is no part of an actor; only Gemm, MatMul, Add, Relu, Tanh, Sub, Mul, Div and Clip are",
                );
            }
        }
        self.now.clone_from(output);
        Ok(())
    }

    /// Takes a node that only makes a constant; tells whether it was one.
    fn take_constant(&mut self, node: &Node, output: &str) -> Result<bool, Wrong> {
        let constant = match &*node.op_type {
            "Constant" => Arc::new(constant_of(node, output)?),
            "Identity" => match node.input.first().and_then(|input| self.constants.get(input)) {
                Some(constant) => Arc::clone(constant),
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        self.constants.insert(output.to_owned(), constant);
        Ok(true)
    }

    fn constant(&self, node: &Node, place: usize) -> Result<&Constant, Wrong> {
        let name = node.input.get(place).map_or("", String::as_str);
        match self.constants.get(name) {
            Some(constant) => Ok(constant),
            None => wrong(format!("its input '{name}' is no constant")),
        }
    }

    /// Takes an arithmetic node: a part of the normalisation, or a layer's bias.
    fn combine(&mut self, node: &Node) -> Result<(), Wrong> {
        let path = usize::from(node.input.first() != Some(&self.now));
        if path == 1 && matches!(&*node.op_type, "Sub" | "Div") {
            return wrong("must take the path first and the constant second");
        }
        let Some(row) = self.constant(node, 1 - path)?.row(self.width) else {
            return wrong(format!(
                "its constant must be one float, or one for each of {} columns",
                self.width
            ));
        };
        match (self.stage, &*node.op_type) {
            (Stage::Front, "Sub") => self.set_means(row),
            (Stage::Front, "Add") => self.set_means(row.into_iter().map(|number| -number).collect()),
            (Stage::Front, "Mul") => self.set_factors(row),
            (Stage::Front, "Div") => self.set_factors(row.into_iter().map(f32::recip).collect()),
            (Stage::Summed { bias: BiasState::Open }, "Add") => self.set_bias(row),
            _ => wrong("may stand before the first layer, and an Add after a MatMul, nowhere else"),
        }
    }

    fn set_means(&mut self, row: Vec<f32>) -> Result<(), Wrong> {
        if self.means.is_some() || self.factors.is_some() || self.clip.is_some() {
            return wrong(
                "inputs are normalised by at most one Sub or Add, then one Mul or Div, then one Clip",
            );
        }
        self.means = Some(row);
        Ok(())
    }

    fn set_factors(&mut self, row: Vec<f32>) -> Result<(), Wrong> {
        if self.factors.is_some() || self.clip.is_some() {
            return wrong(
                "inputs are normalised by at most one Sub or Add, then one Mul or Div, then one Clip",
            );
        }
        self.factors = Some(row);
        Ok(())
    }

    fn set_bias(&mut self, row: Vec<f32>) -> Result<(), Wrong> {
        let Some(layer) = self.layers.last_mut() else { return wrong("adds to no layer") };
        layer.bias = row;
        self.stage = Stage::Summed { bias: BiasState::Added };
        Ok(())
    }

    fn take_clip(&mut self, node: &Node) -> Result<(), Wrong> {
        if self.stage != Stage::Front || self.clip.is_some() {
            return wrong("may stand once, before the first layer");
        }
        let bound = |place: usize, name: &str| -> Result<Option<f32>, Wrong> {
            if node.input.get(place).is_some_and(|input| !input.is_empty()) {
                return Ok(self.constant(node, place)?.scalar());
            }
            Ok(node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.f))
        };
        match (bound(1, "min")?, bound(2, "max")?) {
            (Some(least), Some(most)) if most > 0.0 && most.is_finite() && same(least, -most) => {
                self.clip = Some(most);
                Ok(())
            }
            bounds => wrong(format!("must clip to -c and c, for some c above 0, was {bounds:?}")),
        }
    }

    fn gemm(&mut self, node: &Node) -> Result<(), Wrong> {
        let float = |name: &str| node.attribute.iter().find(|a| a.name == name).map_or(1.0, |a| a.f);
        let int = |name: &str| node.attribute.iter().find(|a| a.name == name).map_or(0, |a| a.i);
        if !same(float("alpha"), 1.0) || !same(float("beta"), 1.0) || int("transA") != 0 {
            return wrong("alpha and beta must be 1 and transA 0");
        }
        let form = if int("transB") == 0 { Form::InputsFirst } else { Form::OutputsFirst };
        self.dense(node, form)?;
        if node.input.get(2).is_none_or(String::is_empty) {
            self.stage = Stage::Summed { bias: BiasState::Added };
            return Ok(());
        }
        match self.constant(node, 2)?.row(self.width) {
            Some(row) => self.set_bias(row),
            None => wrong(format!("its bias must be one float, or one for each of {} columns", self.width)),
        }
    }

    fn mat_mul(&mut self, node: &Node) -> Result<(), Wrong> {
        self.dense(node, Form::InputsFirst)
    }

    /// Adds a layer without bias.
    fn dense(&mut self, node: &Node, form: Form) -> Result<(), Wrong> {
        match self.stage {
            Stage::Front | Stage::Active => {}
            Stage::Summed { .. } => return wrong("a Relu must stand between two layers"),
            Stage::Done => return wrong("nothing may follow the Tanh"),
        }
        if node.input.first() != Some(&self.now) {
            return wrong("must take the path first and its weights second");
        }
        if self.layers.len() == MOST_LAYERS {
            return wrong(format!("an actor may have {MOST_LAYERS} layers at most"));
        }
        let weight = self.constant(node, 1)?;
        let (inputs, outputs) = match (&*weight.dims, form) {
            ([inputs, outputs], Form::InputsFirst) | ([outputs, inputs], Form::OutputsFirst) => {
                (*inputs, *outputs)
            }
            _ => return wrong(format!("its weights must have two dimensions, was {:?}", weight.dims)),
        };
        let Some(floats) = weight.floats().filter(|_| inputs == self.width && outputs > 0) else {
            return wrong(format!(
                "its weights must be floats for {} inputs, was {:?}",
                self.width, weight.dims
            ));
        };
        let weight = match form {
            Form::OutputsFirst => floats.to_vec(),
            Form::InputsFirst => transposed(floats, inputs, outputs),
        };
        self.layers.push(LayerSpec { inputs, outputs, weight, bias: vec![0.0; outputs] });
        self.width = outputs;
        self.stage = Stage::Summed { bias: BiasState::Open };
        Ok(())
    }

    fn activate(&mut self, next: Stage) -> Result<(), Wrong> {
        if !matches!(self.stage, Stage::Summed { .. }) {
            return wrong("must follow a layer");
        }
        self.stage = next;
        Ok(())
    }

    fn pass_reshape(&self, node: &Node) -> Result<(), Wrong> {
        let zero_copies =
            node.attribute.iter().all(|attribute| attribute.name != "allowzero" || attribute.i == 0);
        let shape = self.constant(node, 1)?;
        let width = (self.width as u64).cast_signed();
        let same = match &shape.numbers {
            Numbers::Ints(sizes) if zero_copies && node.input.first() == Some(&self.now) => {
                matches!(&**sizes, [0, -1 | 0] | [-1, 0])
                    || matches!(&**sizes, [-1 | 0, last] if *last == width)
            }
            _ => false,
        };
        if same {
            Ok(())
        } else {
            wrong(format!("must leave [batch, {width}] as it is, was {:?}", shape.numbers))
        }
    }

    /// Makes the network of what was met.
    fn finish(self, graph: &Graph) -> Result<NetworkSpec, Error> {
        let ends = matches!(&*graph.output, [output] if output.name == self.now);
        if !ends {
            return Err(Error::Graph(format!("the graph must have one output, '{}'", self.now)));
        }
        if self.stage != Stage::Done {
            return Err(Error::Graph("the graph must end in Tanh: actions lie within -1 and 1".to_owned()));
        }
        let mut layers = self.layers;
        let inputs = layers.first().map_or(0, |layer| layer.inputs);
        let mut factors = self.factors.unwrap_or_else(|| vec![1.0; inputs]);
        let scale = self.clip.map_or(UNCLIPPED, |bound| CUT / bound);
        if scale.to_bits() != 1.0_f32.to_bits() {
            for factor in &mut factors {
                *factor *= scale;
            }
            for weight in layers.iter_mut().take(1).flat_map(|layer| &mut layer.weight) {
                *weight /= scale;
            }
        }
        Ok(NetworkSpec { means: self.means.unwrap_or_else(|| vec![0.0; inputs]), factors, layers })
    }
}

/// Which dimension of weights comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    InputsFirst,
    OutputsFirst,
}

/// Returns `[outputs, inputs]` of `[inputs, outputs]`.
fn transposed(floats: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    (0..inputs * outputs).map(|at| floats[(at % inputs) * outputs + at / inputs]).collect()
}

fn pass_flatten(node: &Node) -> Result<(), Wrong> {
    let axis =
        node.attribute.iter().find(|attribute| attribute.name == "axis").map_or(1, |attribute| attribute.i);
    if matches!(axis, 1 | -1) { Ok(()) } else { wrong(format!("its axis must be 1, was {axis}")) }
}

fn constant_of(node: &Node, output: &str) -> Result<Constant, Wrong> {
    match &*node.attribute {
        [value] if value.name == "value" => match &value.t {
            Some(tensor) => Ok(Constant::read(output, tensor)?),
            None => wrong("its value is no tensor"),
        },
        [value] if value.name == "value_float" => {
            Ok(Constant { dims: Vec::new(), numbers: Numbers::Floats(vec![value.f]) })
        }
        _ => wrong("must hold one tensor of numbers"),
    }
}

/// Returns how wide an input or output is.
fn width(value: &Value) -> Result<usize, Error> {
    let tensor = value.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &*shape.dim);
    match (tensor.map(|tensor| tensor.elem_type), dims) {
        (Some(FLOAT), Some([_, last])) if last.value.is_some_and(|width| width > 0) => {
            Ok(last.value.and_then(|width| usize::try_from(width).ok()).unwrap_or(usize::MAX))
        }
        _ => Err(Error::Graph(format!(
            "'{}' must be 32-bit floats of the shape [batch, n], with n stated",
            value.name
        ))),
    }
}

/// Tells whether two numbers are the same to the bit: a file either says exactly this or something else.
fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits()
}
