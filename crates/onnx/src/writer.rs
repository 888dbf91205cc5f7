//! A network as an ONNX graph.

use motet_policy::{CUT, NetworkSpec};

use crate::{
    proto::{
        ATTRIBUTE_INT, Attribute, Dimension, FLOAT, Graph, Model, Node, OperatorSet, Shape, Tensor,
        TensorType, Value, ValueType,
    },
    wire::encode,
};

/// The form of file and of operators written: both understood by every runtime since 2021.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 13;

/// Writes a network as an ONNX file: input `observation` `[batch, n]`, output `action` `[batch, m]` within -1 and 1.
/// Reading it back gives the same network to the bit.
///
/// ```
/// use motet_onnx::{NetworkSpec, Shape, read, write};
/// # use motet_policy::LayerSpec;
/// let layer = LayerSpec { inputs: 2, outputs: 1, weight: vec![0.5, -0.25], bias: vec![0.1] };
/// let spec = NetworkSpec { means: vec![1.0, 0.0], factors: vec![1.0, 2.0], layers: vec![layer] };
/// let bytes = write(&spec, "pacer-net@1");
/// assert_eq!(read(&bytes, Shape { read: 2, moved: 1 }).unwrap(), spec);
/// ```
pub fn write(spec: &NetworkSpec, name: &str) -> Vec<u8> {
    let mut graph = Graph {
        name: name.to_owned(),
        input: vec![value("observation", spec.inputs())],
        output: vec![value("action", spec.outputs())],
        ..Graph::default()
    };
    constant(&mut graph, "means", &[spec.inputs()], &spec.means);
    constant(&mut graph, "factors", &[spec.inputs()], &spec.factors);
    constant(&mut graph, "least", &[], &[-CUT]);
    constant(&mut graph, "most", &[], &[CUT]);
    node(&mut graph, "Sub", &["observation", "means"], "centred");
    node(&mut graph, "Mul", &["centred", "factors"], "scaled");
    node(&mut graph, "Clip", &["scaled", "least", "most"], "h0");
    for (place, layer) in spec.layers.iter().enumerate() {
        let (weight, bias) = (format!("{place}.weight"), format!("{place}.bias"));
        constant(&mut graph, &weight, &[layer.outputs, layer.inputs], &layer.weight);
        constant(&mut graph, &bias, &[layer.outputs], &layer.bias);
        let (from, sum) = (format!("h{place}"), format!("z{place}"));
        node(&mut graph, "Gemm", &[&from, &weight, &bias], &sum);
        let transposed =
            Attribute { name: "transB".to_owned(), i: 1, kind: ATTRIBUTE_INT, ..Attribute::default() };
        graph.node.last_mut().expect("pushed just above").attribute.push(transposed);
        if place + 1 == spec.layers.len() {
            node(&mut graph, "Tanh", &[&sum], "action");
        } else {
            node(&mut graph, "Relu", &[&sum], &format!("h{}", place + 1));
        }
    }
    let opset = OperatorSet { domain: String::new(), version: OPSET };
    let producer_name = "motet".to_owned();
    encode(&Model { ir_version: IR_VERSION, producer_name, graph: Some(graph), opset_import: vec![opset] })
}

fn value(name: &str, width: usize) -> Value {
    let batch = Dimension { name: "batch".to_owned(), value: None };
    let width = Dimension { value: Some(width as i64), name: String::new() };
    let tensor = TensorType { elem_type: FLOAT, shape: Some(Shape { dim: vec![batch, width] }) };
    Value { name: name.to_owned(), kind: Some(ValueType { tensor: Some(tensor) }) }
}

fn constant(graph: &mut Graph, name: &str, dims: &[usize], numbers: &[f32]) {
    graph.initializer.push(Tensor {
        dims: dims.iter().map(|dim| *dim as i64).collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ..Tensor::default()
    });
}

fn node(graph: &mut Graph, op: &str, inputs: &[&str], output: &str) {
    graph.node.push(Node {
        input: inputs.iter().map(|input| (*input).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: format!("{}_{output}", op.to_lowercase()),
        op_type: op.to_owned(),
        ..Node::default()
    });
}
