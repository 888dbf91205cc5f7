//! The network against a plain one in double precision, and its form in a file.

use motet_units::Chance;
use proptest::prelude::*;

use super::{Adam, Inputs, Mlp, Output, Parameters, Tape, blend};

/// A plain network in double precision, whose numbers can be nudged one by one.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    output: Output,
    /// Per layer: inputs, weights `[outputs, inputs]`, biases.
    layers: Vec<(usize, Vec<f64>, Vec<f64>)>,
}

impl Plain {
    pub(crate) fn of(net: &Mlp) -> Self {
        let wide = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number)).collect();
        let parameters = Parameters::from(net.clone());
        let layers =
            parameters.layers.iter().map(|layer| (layer.inputs, wide(&layer.weight), wide(&layer.bias)));
        Self { output: parameters.output, layers: layers.collect() }
    }

    /// Returns the last layer's sums.
    pub(crate) fn sums(&self, input: &[f64]) -> Vec<f64> {
        let mut values = input.to_vec();
        for (place, (inputs, weights, biases)) in self.layers.iter().enumerate() {
            let rows = weights.chunks_exact(*inputs).zip(biases);
            let sums =
                rows.map(|(row, bias)| row.iter().zip(&values).map(|(w, x)| w * x).sum::<f64>() + bias);
            let cut = |sum: f64| if place + 1 == self.layers.len() { sum } else { sum.max(0.0) };
            values = sums.map(cut).collect();
        }
        values
    }

    pub(crate) fn run(&self, input: &[f64]) -> Vec<f64> {
        let sums = self.sums(input);
        if self.output == Output::Tanh { sums.into_iter().map(f64::tanh).collect() } else { sums }
    }

    pub(crate) fn count(&self) -> usize {
        self.layers.iter().map(|(_, weights, biases)| weights.len() + biases.len()).sum()
    }

    /// Its numbers in order: per layer weights, then biases.
    pub(crate) fn nudge(&mut self, mut place: usize, by: f64) {
        for (_, weights, biases) in &mut self.layers {
            for part in [weights, biases] {
                if let Some(number) = part.get_mut(place) {
                    *number += by;
                    return;
                }
                place -= part.len();
            }
        }
    }

    /// The slope of a loss in each of its numbers, from central differences.
    pub(crate) fn slopes(&self, loss: impl Fn(&Self) -> f64) -> Vec<f64> {
        let at = |place, by| {
            let mut other = self.clone();
            other.nudge(place, by);
            loss(&other)
        };
        (0..self.count()).map(|place| (at(place, 1e-6) - at(place, -1e-6)) / 2e-6).collect()
    }
}

/// Brings a gradient in a network's own layout into the order of [`Plain`].
pub(crate) fn in_order(net: &Mlp, gradient: &[f32]) -> Vec<f64> {
    let mut carrier = net.clone();
    carrier.numbers_mut().copy_from_slice(gradient);
    let layers = Parameters::from(carrier).layers;
    layers
        .iter()
        .flat_map(|layer| layer.weight.iter().chain(&layer.bias).map(|n| f64::from(*n)).collect::<Vec<_>>())
        .collect()
}

/// Single precision carries 24 bits; sums of a few hundred terms lose some more. 2e-5 of the largest slope is a
/// hundred times below any error of a formula.
pub(crate) fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    let largest = expected.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
    assert!(largest > 1e-4, "{what}: the check needs slopes, the largest is {largest}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() < 2e-5 * largest.max(1.0),
            "{what}: {place} is {found}, expected {expected}"
        );
    }
}

fn draws(count: usize, salt: u64) -> Vec<f32> {
    let mut stream = Chance::new(11, salt).stream("draws");
    (0..count).map(|_| (2.0 * stream.unit() - 1.0) as f32).collect()
}

fn net(sizes: &[usize], output: Output) -> Mlp {
    Mlp::draw(sizes, output, 1.0, &mut Chance::new(5, 0).stream("net")).unwrap()
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

/// Checks a network's whole backward pass for the loss `Σ coefficient · output`, inputs included.
fn check_gradient(sizes: &[usize], output: Output, rows: usize, pull: f32) {
    let net = net(sizes, output);
    let (inputs, outputs) = (net.inputs(), net.outputs());
    let (x, coefficients) = (draws(rows * inputs, 1), draws(rows * outputs, 2));
    let mut tape = Tape::pulling(&net, rows, pull);
    let batch = Inputs { numbers: &x, stride: inputs, rows };
    net.forward(batch, &mut tape);
    let stride = tape.stride();
    for (slot, from) in tape.slope_mut().chunks_exact_mut(stride).zip(coefficients.chunks_exact(outputs)) {
        slot[..outputs].copy_from_slice(from);
    }
    let mut gradient = vec![f32::NAN; net.numbers().len()];
    net.backward(batch, &mut tape, Some(&mut gradient), 1..inputs);
    let loss = |plain: &Plain, x: &[f64]| -> f64 {
        let row = |(x, c): (&[f64], &[f32])| -> f64 {
            let value: f64 = plain.run(x).iter().zip(c).map(|(y, c)| y * f64::from(*c)).sum();
            value + f64::from(pull) / 2.0 * plain.sums(x).iter().map(|z| z * z).sum::<f64>()
        };
        x.chunks_exact(inputs).zip(coefficients.chunks_exact(outputs)).map(row).sum()
    };
    let (plain, x) = (Plain::of(&net), wide(&x));
    assert_close(&in_order(&net, &gradient), &plain.slopes(|plain| loss(plain, &x)), "numbers");
    let nudged = |place: usize, by: f64| {
        let mut x = x.clone();
        x[place] += by;
        loss(&plain, &x)
    };
    let wanted: Vec<usize> = (0..rows).flat_map(|row| (1..inputs).map(move |i| row * inputs + i)).collect();
    let expected: Vec<f64> = wanted.iter().map(|&i| (nudged(i, 1e-6) - nudged(i, -1e-6)) / 2e-6).collect();
    let (slopes, stride) = tape.input_slope(inputs - 1);
    let found: Vec<f64> = slopes.chunks_exact(stride).flat_map(|row| wide(&row[..inputs - 1])).collect();
    assert_close(&found, &expected, "inputs");
}

#[test]
fn gradients_are_those_of_finite_differences() {
    check_gradient(&[5, 17, 9, 3], Output::Linear, 7, 0.0);
    check_gradient(&[3, 24, 1], Output::Linear, 13, 0.0);
    check_gradient(&[4, 8, 8, 2], Output::Tanh, 6, 0.0);
    check_gradient(&[6, 33, 10], Output::Tanh, 5, 0.3);
}

#[test]
#[expect(clippy::float_cmp, reason = "equal bits are what is claimed")]
fn one_row_has_the_bits_it_has_in_a_batch() {
    for output in [Output::Linear, Output::Tanh] {
        let net = net(&[24, 64, 64, 4], output);
        let x = draws(257 * 24, 3);
        let mut tape = Tape::new(&net, 257);
        net.forward(Inputs { numbers: &x, stride: 24, rows: 257 }, &mut tape);
        for (row, batched) in x.chunks_exact(24).zip(tape.outputs().chunks_exact(tape.stride())) {
            let mut alone = [0.0; 4];
            net.run(row, &mut alone);
            assert_eq!(alone, batched[..4]);
        }
    }
}

#[test]
fn adam_gives_the_worked_numbers() {
    // Slopes 1 and then -2 with rate 0.1, worked out by hand after algorithm 1:
    // m = 0.1, v = 0.001, step 0.1 * 1 / 1; then m = 0.09 - 0.2 = -0.11, v = 0.000999 + 0.004 = 0.004999,
    // m̂ = -0.11 / 0.19 = -0.578947, v̂ = 0.004999 / 0.001999 = 2.500750, step 0.1 * -0.578947 / 1.581376 = -0.0366103.
    let mut adam = Adam::new(1, 0.1);
    let mut x = [1.0];
    adam.step(&mut x, &[1.0]);
    assert!((x[0] - 0.9).abs() < 1e-6, "{x:?}");
    adam.step(&mut x, &[-2.0]);
    assert!((x[0] - 0.936_610_3).abs() < 1e-6, "{x:?}");
}

#[test]
fn a_target_moves_by_its_share() {
    let (mut target, fast) = (net(&[2, 3, 1], Output::Linear), net(&[2, 3, 1], Output::Linear));
    target.numbers_mut().iter_mut().for_each(|number| *number += 1.0);
    let before = target.numbers().to_vec();
    blend(&mut target, &fast, 0.25);
    for ((slow, before), fast) in target.numbers().iter().zip(before).zip(fast.numbers()) {
        assert!((slow - (0.75 * before + 0.25 * fast)).abs() < 1e-6);
    }
}

#[test]
fn fillings_stay_zero_through_training() {
    let mut net = net(&[3, 9, 1], Output::Linear);
    let mut adam = Adam::new(net.numbers().len(), 0.01);
    let x = draws(3 * 8, 4);
    let mut tape = Tape::new(&net, 8);
    let mut gradient = vec![0.0; net.numbers().len()];
    for _ in 0..5 {
        let inputs = Inputs { numbers: &x, stride: 3, rows: 8 };
        net.forward(inputs, &mut tape);
        let stride = tape.stride();
        tape.slope_mut().iter_mut().step_by(stride).for_each(|slope| *slope = 1.0);
        net.backward(inputs, &mut tape, Some(&mut gradient), 0..0);
        adam.step(net.numbers_mut(), &gradient);
    }
    assert_eq!(
        Mlp::try_from(Parameters::from(net.clone())).unwrap(),
        net,
        "the file's form leaves fillings out"
    );
}

#[test]
fn wrong_shapes_and_numbers_are_refused() {
    let mut stream = Chance::new(1, 1).stream("net");
    for sizes in [&[][..], &[3], &[3, 0], &[3, super::MOST_WIDE + 1, 1]] {
        assert!(Mlp::draw(sizes, Output::Linear, 1.0, &mut stream).is_err(), "{sizes:?}");
    }
    let sound = Parameters::from(net(&[2, 3, 1], Output::Tanh));
    let broken = |change: fn(&mut Parameters)| {
        let mut parameters = sound.clone();
        change(&mut parameters);
        Mlp::try_from(parameters).is_err()
    };
    assert!(broken(|p| p.layers.clear()));
    assert!(broken(|p| p.layers[1].inputs = 2));
    assert!(broken(|p| p.layers[0].weight.truncate(5)));
    assert!(broken(|p| p.layers[0].bias.push(0.0)));
    assert!(broken(|p| p.layers[0].weight[0] = f32::NAN));
    assert!(!broken(|_| ()));
}

proptest! {
    #[test]
    fn a_network_comes_back_from_json_to_the_bit(salt in any::<u64>(), hidden in 1_usize..40) {
        let net = Mlp::draw(&[3, hidden, 2], Output::Tanh, 0.1, &mut Chance::new(salt, 0).stream("net")).unwrap();
        let text = serde_json::to_string(&net).unwrap();
        let back: Mlp = serde_json::from_str(&text).unwrap();
        let bits = |net: &Mlp| net.numbers().iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&back), bits(&net));
    }
}
