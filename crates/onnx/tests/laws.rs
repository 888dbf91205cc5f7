//! What holds for every network and every file.

use motet_onnx::{Error, NetworkSpec, Shape, read, write};
use motet_policy::{LayerSpec, Network, Policy as _, Subject};
use proptest::prelude::*;

fn layer(inputs: usize, outputs: usize) -> impl Strategy<Value = LayerSpec> {
    let weight = prop::collection::vec(-2.0_f32..2.0, inputs * outputs);
    let bias = prop::collection::vec(-1.0_f32..1.0, outputs);
    (weight, bias).prop_map(move |(weight, bias)| LayerSpec { inputs, outputs, weight, bias })
}

fn network() -> impl Strategy<Value = NetworkSpec> {
    prop::collection::vec(1_usize..20, 2..5).prop_flat_map(|widths| {
        let layers: Vec<_> = widths.windows(2).map(|pair| layer(pair[0], pair[1])).collect();
        let means = prop::collection::vec(-5.0_f32..5.0, widths[0]);
        let factors = prop::collection::vec(-3.0_f32..3.0, widths[0]);
        (means, factors, layers).prop_map(|(means, factors, layers)| NetworkSpec { means, factors, layers })
    })
}

fn shape(spec: &NetworkSpec) -> Shape {
    Shape { read: spec.inputs(), moved: spec.outputs() }
}

fn act(spec: &NetworkSpec, observation: &[f64]) -> Vec<u64> {
    let mut action = vec![0.0; spec.outputs()];
    Network::build("n@1", spec.clone()).unwrap().act(Subject::Platform, observation, &mut action);
    action.into_iter().map(f64::to_bits).collect()
}

proptest! {
    #[test]
    fn what_goes_out_comes_in_and_acts_the_same_to_the_bit(
        spec in network(),
        observation in prop::collection::vec(-1e3..1e3_f64, 20),
    ) {
        let back = read(&write(&spec, "pacer@1"), shape(&spec)).unwrap();
        prop_assert_eq!(&back, &spec);
        let observation = &observation[..spec.inputs()];
        prop_assert_eq!(act(&back, observation), act(&spec, observation));
    }

    #[test]
    fn no_bytes_whatever_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes, Shape { read: 3, moved: 2 });
    }

    #[test]
    fn no_damage_to_a_sound_file_makes_it_panic(
        spec in network(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let whole = write(&spec, "pacer@1");
        let mut bytes = whole[..=end.index(whole.len())].to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(read) = read(&bytes, shape(&spec)) {
            prop_assert!(read.check().is_ok());
        }
    }
}

#[test]
fn a_file_above_the_limit_is_not_looked_at() {
    let bytes = vec![0; motet_onnx::MOST_BYTES + 1];
    assert!(matches!(read(&bytes, Shape { read: 1, moved: 1 }), Err(Error::TooLarge { .. })));
}

#[test]
fn another_shape_than_the_agents_is_told_with_both() {
    let layer = LayerSpec { inputs: 2, outputs: 3, weight: vec![0.0; 6], bias: vec![0.0; 3] };
    let spec = NetworkSpec { means: vec![0.0; 2], factors: vec![1.0; 2], layers: vec![layer] };
    for (read_, moved) in [(5, 3), (2, 1)] {
        let error = read(&write(&spec, "x"), Shape { read: read_, moved }).unwrap_err();
        let expected = format!("the actor must read {read_} numbers and move {moved}, was 2 and 3");
        assert_eq!(error.to_string(), expected);
    }
}

/// What ONNX Runtime answers for the same file (`fixtures/make.py`).
#[test]
fn an_actor_made_elsewhere_acts_as_another_runtime_says() {
    let spec = read(include_bytes!("fixtures/actor.onnx"), Shape { read: 5, moved: 3 }).unwrap();
    let network = Network::build("n@1", spec).unwrap();
    let check: serde_json::Value = serde_json::from_str(include_str!("fixtures/actor.json")).unwrap();
    let rows = |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(check[name].clone()).unwrap() };
    let (observations, actions) = (rows("observations"), rows("actions"));
    assert_eq!((observations.len(), actions.len()), (48, 48));
    let mut farthest = 0.0_f64;
    for (observation, expected) in observations.iter().zip(&actions) {
        let mut action = [0.0; 3];
        network.act(Subject::Platform, observation, &mut action);
        for (ours, theirs) in action.iter().zip(expected) {
            farthest = farthest.max((ours - theirs).abs());
        }
    }
    println!("at most {farthest:e} apart");
    assert!(farthest < 1e-5, "{farthest:e}");
}
