//! Graphs that other exporters write, node by node.

use motet_policy::{Network, Policy as _, Subject};

use super::*;
use crate::proto::{
    ATTRIBUTE_INT, Attribute, Dimension, FLOAT, Graph, INT64, Model, Node, Tensor, TensorType, Value,
    ValueType,
};

const SHAPE: reader::Shape = reader::Shape { read: 2, moved: 1 };

fn node(op: &str, inputs: &[&str], output: &str) -> Node {
    Node {
        input: inputs.iter().map(|input| (*input).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: format!("the {output} node"),
        op_type: op.to_owned(),
        ..Node::default()
    }
}

fn with_int(mut node: Node, name: &str, i: i64) -> Node {
    node.attribute.push(Attribute { name: name.to_owned(), i, kind: ATTRIBUTE_INT, ..Attribute::default() });
    node
}

fn floats(name: &str, dims: &[i64], float_data: &[f32]) -> Tensor {
    Tensor {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: FLOAT,
        float_data: float_data.to_vec(),
        ..Tensor::default()
    }
}

fn value(name: &str, width: i64) -> Value {
    let batch = Dimension { value: None, name: "batch".to_owned() };
    let width = Dimension { value: Some(width), name: String::new() };
    let tensor = TensorType { elem_type: FLOAT, shape: Some(proto::Shape { dim: vec![batch, width] }) };
    Value { name: name.to_owned(), kind: Some(ValueType { tensor: Some(tensor) }) }
}

/// `tanh(relu((x − m) · f · W) · V + v)`, written as `PyTorch` never would but may.
fn graph() -> Graph {
    let shape = Tensor {
        name: "shape".to_owned(),
        dims: vec![2],
        data_type: INT64,
        int64_data: vec![-1, 2],
        ..Tensor::default()
    };
    Graph {
        name: "actor".to_owned(),
        input: vec![value("x", 2)],
        output: vec![value("y", 1)],
        initializer: vec![
            floats("m", &[1, 2], &[1.0, -1.0]),
            floats("f", &[], &[4.0]),
            floats("W", &[2, 3], &[0.1, 0.2, 0.3, -0.4, -0.5, 0.6]),
            floats("V", &[1, 3], &[0.7, -0.8, 0.9]),
            floats("v", &[1], &[0.05]),
            shape,
        ],
        node: vec![
            node("Flatten", &["x"], "x0"),
            node("Reshape", &["x0", "shape"], "x1"),
            node("Sub", &["x1", "m"], "c"),
            node("Div", &["c", "f"], "s"),
            node("MatMul", &["s", "W"], "z"),
            node("Add", &["b", "z"], "zb"),
            node("Relu", &["zb"], "h"),
            node("Identity", &["h"], "h0"),
            with_int(node("Gemm", &["h0", "V", "v"], "o"), "transB", 1),
            node("Tanh", &["o"], "y"),
        ],
    }
}

fn whole() -> Graph {
    let mut graph = graph();
    // A bias that comes as a node, through another that changes nothing.
    let mut constant = node("Constant", &[], "b0");
    constant.attribute.push(Attribute {
        name: "value".to_owned(),
        t: Some(floats("", &[3], &[0.01, 0.02, 0.03])),
        ..Attribute::default()
    });
    graph.node.splice(0..0, [constant, node("Identity", &["b0"], "b")]);
    graph
}

fn bytes(graph: Graph) -> Vec<u8> {
    wire::encode(&Model { ir_version: 8, graph: Some(graph), ..Model::default() })
}

#[expect(clippy::many_single_char_names, reason = "the formula's own letters")]
fn expected(x: [f64; 2]) -> f64 {
    let s = [(x[0] - 1.0) / 4.0, (x[1] + 1.0) / 4.0];
    let w = [[0.1, 0.2, 0.3], [-0.4, -0.5, 0.6]];
    let (b, v) = ([0.01, 0.02, 0.03], [0.7, -0.8, 0.9]);
    let sum: f64 = (0..3).map(|j| (s[0] * w[0][j] + s[1] * w[1][j] + b[j]).max(0.0) * v[j]).sum();
    (sum + 0.05).tanh()
}

#[test]
fn every_part_that_is_allowed_does_what_onnx_says() {
    let spec = read(&bytes(whole()), SHAPE).unwrap();
    let network = Network::build("n@1", spec).unwrap();
    // The last one lies far beyond where our own networks clip.
    for x in [[0.0, 0.0], [3.0, -2.0], [-7.0, 11.0], [500.0, -900.0]] {
        let mut action = [0.0];
        network.act(Subject::Platform, &x, &mut action);
        assert!((action[0] - expected(x)).abs() < 1e-5, "{x:?} gives {action:?}, not {}", expected(x));
    }
}

#[test]
fn a_clip_elsewhere_is_kept() {
    let mut graph = whole();
    graph.initializer.extend([floats("least", &[], &[-2.0]), floats("most", &[], &[2.0])]);
    let at = graph.node.iter().position(|node| node.op_type == "MatMul").unwrap();
    graph.node[at].input[0] = "clipped".to_owned();
    graph.node.insert(at, node("Clip", &["s", "least", "most"], "clipped"));
    let network = Network::build("n@1", read(&bytes(graph), SHAPE).unwrap()).unwrap();
    let act = |x: [f64; 2]| {
        let mut action = [0.0];
        network.act(Subject::Platform, &x, &mut action);
        action[0]
    };
    assert!((act([3.0, -2.0]) - expected([3.0, -2.0])).abs() < 1e-5);
    // Scaled inputs of 24.75 and -24.75 are clipped to 2 and -2: those of 9 and -9.
    assert!((act([100.0, -100.0]) - expected([9.0, -9.0])).abs() < 1e-5);
}

/// Changes one node, found by its output.
fn broken(output: &str, change: impl FnOnce(&mut Node)) -> String {
    let mut graph = whole();
    change(graph.node.iter_mut().find(|node| node.output[0] == output).unwrap());
    read(&bytes(graph), SHAPE).unwrap_err().to_string()
}

#[test]
fn whatever_is_no_part_of_an_actor_is_refused_by_the_name_of_its_node() {
    let op = |op: &'static str| move |node: &mut Node| node.op_type = op.to_owned();
    let cases = [
        ("the h node", broken("h", op("Sigmoid")), "is no part of an actor"),
        ("the o node", broken("h", op("Tanh")), "nothing may follow the Tanh"),
        ("the o node", broken("h", op("Identity")), "a Relu must stand between"),
        ("the zb node", broken("zb", |node| node.input[0] = "x".to_owned()), "'x' is no constant"),
        ("the s node", broken("s", |node| node.input.reverse()), "must take the path first"),
        ("the s node", broken("s", op("Sub")), "at most one Sub or Add"),
        ("the h0 node", broken("h0", |node| node.input[0] = "zb".to_owned()), "does not take 'h'"),
        ("the x0 node", broken("x0", |node| node.domain = "com.microsoft".to_owned()), "are not known"),
        ("the x0 node", broken("x0", |node| *node = with_int(node.clone(), "axis", 0)), "axis must be 1"),
        ("the o node", broken("o", |node| *node = with_int(node.clone(), "transA", 1)), "transA 0"),
        ("the o node", broken("o", |node| node.attribute.clear()), "its weights must be floats for 3 inputs"),
        ("the o node", broken("o", |node| node.input[2] = "W".to_owned()), "its bias must be"),
        ("the x1 node", broken("x1", |node| node.input[1] = "m".to_owned()), "must leave [batch, 2]"),
    ];
    for (node, said, reason) in cases {
        assert!(said.contains(node) && said.contains(reason), "'{reason}' of {node} gives '{said}'");
    }
}

#[test]
fn what_is_wrong_with_the_whole_graph_is_told() {
    let broken = |change: fn(&mut Graph)| {
        let mut graph = whole();
        change(&mut graph);
        read(&bytes(graph), SHAPE).unwrap_err().to_string()
    };
    for (said, reason) in [
        (read(b"", SHAPE).unwrap_err().to_string(), "holds no graph"),
        (read(b"no model", SHAPE).unwrap_err().to_string(), "is not ONNX"),
        (broken(|graph| drop(graph.node.pop())), "must have one output, 'o'"),
        (
            broken(|graph| {
                graph.node.pop();
                graph.output[0].name = "o".to_owned();
            }),
            "must end in Tanh",
        ),
        (broken(|graph| graph.input.clear()), "must have one input"),
        (broken(|graph| graph.input[0] = value("x", i64::MAX)), "must read 2 numbers"),
        (broken(|graph| graph.input[0] = value("x", -1)), "with n stated"),
        (broken(|graph| graph.initializer[2].dims = vec![3, 3]), "do not fit its 6 numbers"),
        (broken(|graph| graph.initializer[2].dims = vec![i64::MAX, i64::MAX]), "do not fit"),
        (broken(|graph| graph.initializer[2].data_location = 1), "another file"),
        (broken(|graph| graph.initializer[2].data_type = 11), "element type 11"),
        (broken(|graph| graph.initializer[2].float_data[4] = f32::NAN), "finite numbers, was NaN"),
        (broken(|graph| graph.initializer[1].float_data[0] = 0.0), "finite numbers, was inf"),
    ] {
        assert!(said.contains(reason), "'{reason}' gives '{said}'");
    }
}
